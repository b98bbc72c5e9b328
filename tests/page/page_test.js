// The page of wecom-sim in a real browser: .ci/page runs this with the addresses of two servers, one with the demo world and a
// callback to port CALLBACK_PORT, one with 10,000 corps. With SCREENSHOTS=FOLDER it also saves what it sees.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const puppeteer = require('puppeteer-core');

const [demo, large] = process.argv.slice(2);
const { CALLBACK_PORT, WECOM_CALLBACK_AES_KEY, CHROMIUM, SCREENSHOTS } = process.env;
const WAIT = { timeout: 20000 };

// The message in a callback: 16 random bytes, its length, itself, the receiver's id.
function decrypt(encrypted) {
  const key = Buffer.from(WECOM_CALLBACK_AES_KEY + '=', 'base64');
  const cipher = crypto.createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const plain = Buffer.concat([cipher.update(encrypted, 'base64'), cipher.final()]);
  return plain.subarray(20, 20 + plain.readUInt32BE(16)).toString();
}

// A server that takes the events of wecom-sim.
const events = [];
let onEvent = () => {};
const receiver = http.createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  if (request.method === 'GET') {
    return response.end(decrypt(new URL(request.url, 'http://localhost').searchParams.get('echostr')));
  }
  events.push(decrypt(/<Encrypt><!\[CDATA\[(.*?)\]\]>/.exec(body)[1]));
  response.end();
  onEvent();
});

async function eventWith(text) {
  const found = () => events.find((event) => event.includes(text));
  const timeout = AbortSignal.timeout(WAIT.timeout);
  while (!found()) {
    await new Promise((resolve, reject) => {
      onEvent = resolve;
      timeout.addEventListener('abort', () => reject(new Error(`no event with ${text}: ${events}`)));
    });
  }
  return found();
}

let passed = 0;
async function check(name, test) {
  await test();
  passed += 1;
  console.log(`ok: ${name}`);
}

async function main() {
  await new Promise((resolve) => receiver.listen(CALLBACK_PORT, '127.0.0.1', resolve));
  const browser = await puppeteer.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  const problems = [];
  // Opens a page of a width, and records what its console shows.
  const opened = async (url, width = 390, scheme = 'light') => {
    const page = await browser.newPage();
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.evaluateOnNewDocument(() => Object.defineProperty(navigator, 'language', { get: () => 'zh-CN' }));
    await page.setViewport({ width, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    page.reply = await page.goto(url, { waitUntil: 'load' });
    return page;
  };
  const text = (page, selector) => page.$eval(selector, (element) => element.innerText);
  const shows = (page, words) => page.waitForFunction((words) => document.body.innerText.includes(words), WAIT, words);
  const open = (page, name) => page.evaluate((name) => {
    [...document.querySelectorAll('summary')].find((summary) => summary.textContent.includes(name)).click();
  }, name);
  // In the row of a corp.
  const press = (page, id) => page.evaluate((id) => {
    [...document.querySelectorAll('.corp')].find((corp) => corp.querySelector('code').textContent === id).querySelector('button').click();
  }, id);
  const call = (path, init) => fetch(`${demo}cgi-bin/${path}`, init).then((reply) => reply.json());
  const width = (page) => page.evaluate(() => document.documentElement.scrollWidth);

  const page = await opened(demo);
  await check('the page opens', async () => {
    assert.equal(page.reply.status(), 200);
    assert.equal(await page.title(), 'wecom-sim');
    assert.match(await text(page, '#base-url'), /^http:\/\/127\.0\.0\.1:\d+\/cgi-bin\/$/);
  });
  await check('the secret is shown only on request', async () => {
    assert.doesNotMatch(await page.content(), /demo-secret/);
    await page.click('#show');
    await shows(page, 'demo-secret-of-yunzao');
  });
  await check('a chain opens and shows its groups and corps', async () => {
    await open(page, '全国经销商');
    await shows(page, '华北区');
  });
  await check('a click lets a corp join, and the callback arrives', async () => {
    await open(page, '华东区');
    await shows(page, 'wptaihu');
    await press(page, 'wptaihu');
    await shows(page, 'wwtaihu');
    assert.match(await eventWith('wwtaihu'), /<ChangeType><!\[CDATA\[corp_join\]\]>/);
  });
  await check('the event of the join is in the list, and accepted at the first attempt', async () => {
    const row = () => [...document.querySelectorAll('#events tr')].map((row) => row.innerText)
      .find((text) => text.includes('change_chain/corp_join') && text.includes('ChDealers') && /已接收\s+1$/.test(text.trim()));
    await page.waitForFunction(row, WAIT);
    assert.match(await text(page, '#events'), /\d\d:\d\d:\d\d/);
    await page.click('#language');
    await page.waitForFunction(() => /Last events[\s\S]*accepted/.test(document.querySelector('#events').innerText), WAIT);
    await page.click('#language');
  });
  await check('a click removes a corp, and the callback arrives', async () => {
    await press(page, 'wwtaihu');
    await page.waitForFunction(() => !document.querySelector('#chains').innerText.includes('wwtaihu'), WAIT);
    await eventWith('remove_corp');
  });
  await check('an import of a client shows without a reload, in the tree too', async () => {
    const { access_token } = await call('gettoken?corpid=wwyunzao&corpsecret=demo-secret-of-yunzao');
    const corp = { corp_name: '长城电器', contact_info_list: [{ name: '张三', mobile: '13000000001', identity_type: 2 }] };
    const body = JSON.stringify({ chain_id: 'ChDealers', contact_list: [corp] });
    const { jobid } = await call(`corpgroup/import_chain_contact?access_token=${access_token}`, { method: 'POST', body });
    await shows(page, jobid);
    await shows(page, '已完成');
    await call(`corpgroup/getresult?access_token=${access_token}&jobid=${jobid}`);
    await shows(page, '长城电器');
  });
  await check('a failed call is marked, and equal calls are counted', async () => {
    for (let count = 0; count < 3; count += 1) await call('corpgroup/corp/get_chain_list?access_token=wrong');
    await shows(page, '×3');
    assert.match(await text(page, 'tr.error'), /get_chain_list[\s\S]*40014/);
  });
  await check('an error of a form is shown', async () => {
    await open(page, '删除上下游');
    await page.type('form[action$="/admin/delete_chain"] input', 'ChNowhere');
    await page.click('form[action$="/admin/delete_chain"] button');
    await page.waitForFunction(() => document.querySelector('#message.error')?.innerText.includes('ChNowhere'), WAIT);
  });
  await check('the language can be changed', async () => {
    assert.match(await text(page, 'h1'), /模拟器/);
    await page.click('#language');
    assert.match(await text(page, 'h1'), /simulated WeCom/);
    await page.click('#language');
  });
  await check('nothing is wider than 390 pixels', async () => assert.equal(await width(page), 390));

  const many = await opened(large);
  await check('with 10,000 corps the first reply has less than 100 kB, and groups load when they are opened', async () => {
    assert.ok((await many.reply.buffer()).length < 100000);
    await shows(many, '10000');
    await many.evaluate(() => document.querySelector('#chains summary').click());
    await many.waitForSelector('#chains details details', WAIT);
    await many.evaluate(() => document.querySelector('#chains details details summary').click());
    await many.waitForSelector('[data-after]', WAIT);
    const corps = () => many.$$eval('.corp', (corps) => corps.length);
    const before = await corps();
    await many.click('[data-after]');
    await many.waitForFunction((before) => document.querySelectorAll('.corp').length > before, WAIT, before);
    assert.equal(await width(many), 390);
  });
  if (SCREENSHOTS) {
    await page.screenshot({ path: `${SCREENSHOTS}/demo-390-light.png`, fullPage: true });
    await many.screenshot({ path: `${SCREENSHOTS}/large-390-light.png` });
    for (const [url, name] of [[demo, 'demo'], [large, 'large']]) {
      const dark = await opened(url, 390, 'dark');
      await dark.screenshot({ path: `${SCREENSHOTS}/${name}-390-dark.png` });
      for (const scheme of ['light', 'dark']) {
        const wide = await opened(url, 1280, scheme);
        await wide.evaluate(() => document.querySelector('#chains summary').click());
        await wide.waitForSelector('#chains details details', WAIT);
        await wide.screenshot({ path: `${SCREENSHOTS}/${name}-1280-${scheme}.png`, fullPage: true });
      }
    }
  }
  // The refused form is a failed request of the browser's console, on purpose.
  const unexpected = problems.filter((problem) => !problem.includes('400 (Bad Request)'));
  await check('the console shows no error', async () => assert.deepEqual(unexpected, []));
  await browser.close();
  receiver.close();
  console.log(`${passed} passed, 0 failed`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
