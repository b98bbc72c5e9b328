// Runs the tasks of callback_interop.rs with @wecom/crypto: each task is a line of JSON, and so is each answer.

const readline = require('readline');
const { decrypt, encrypt, getSignature } = require('@wecom/crypto');

// The package has no XML parser. The content is in one or more CDATA sections of its element.
function textOf(xml, name) {
    const content = xml.slice(xml.indexOf(`<${name}>`) + name.length + 2, xml.lastIndexOf(`</${name}>`));
    return [...content.matchAll(/<!\[CDATA\[([^]*?)\]\]>/g)].map((section) => section[1]).join('');
}

function opened(task, encrypted) {
    const signature = getSignature(task.token, task.timestamp, task.nonce, encrypted);
    if (signature !== task.msg_signature) throw new Error('signature differs');
    const { message, id } = decrypt(task.encoding_aes_key, encrypted);
    if (id !== task.receive_id) throw new Error('receive id differs');
    return message;
}

const operations = {
    check_url: (task) => ({ message: opened(task, task.echostr) }),
    open: (task) => {
        const message = opened(task, textOf(task.body, 'Encrypt'));
        return { message, content: textOf(message, 'Content') };
    },
    seal: (task) => {
        const encrypted = encrypt(task.encoding_aes_key, task.message, task.receive_id);
        const signature = getSignature(task.token, task.timestamp, task.nonce, encrypted);
        return { body: `<xml><Encrypt>${encrypted}</Encrypt></xml>`, msg_signature: signature };
    },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const task = JSON.parse(line);
    console.log(JSON.stringify(operations[task.operation](task)));
});
