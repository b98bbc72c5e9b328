// Makes with node-easywechat the calls that foreign_clients.rs asks for: a line of JSON in, a line of JSON out.

const readline = require('readline');
// The index needs more of a dependency than its current version has.
const Work = require('node-easywechat/dist/Work/Application');

const INVALID_TOKEN = [40014, 42001];

// Its own cache is a folder, which would keep tokens from run to run.
class MemoryCache extends Map {
    async get(key) { return super.get(key); }
    async set(key, value) { super.set(key, value); return true; }
}

const application = new Work({
    corp_id: process.env.CORP_ID,
    secret: process.env.CORP_SECRET,
    http: { baseURL: new URL('/', process.env.BASE_URL).href, throw: false },
});
application.setCache(new MemoryCache());

async function send({ method, path, parameters, token }) {
    const options = method === 'GET' ? { params: { ...parameters } } : { json: parameters };
    if (token) options.params = { ...options.params, access_token: token };
    // Only the client without an access token of its own accepts another one.
    const client = token ? application.getHttpClient() : application.getClient();
    return (await client.request(method, `cgi-bin/${path}`, options)).toObject();
}

// The library leaves the renewal of a rejected token to its user.
async function call(task) {
    const reply = await send(task);
    if (task.token || !INVALID_TOKEN.includes(reply.errcode)) return reply;
    await application.getAccessToken().refresh();
    return send(task);
}

(async () => {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        console.log(JSON.stringify(await call(JSON.parse(line))));
    }
})();
