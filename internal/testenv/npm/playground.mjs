// Runs a query and a subscription in GraphiQL and prints what the page shows, and
// every error of its console, violations of the content security policy included.
// Usage: node playground.mjs CHROMIUM URL
import { chromium } from 'playwright-core';

const [executablePath, url] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage();
  const problems = [];
  page.on('console', (m) => ['error', 'warning'].includes(m.type()) && problems.push(m.text()));
  page.on('pageerror', (e) => problems.push(String(e)));
  page.on('requestfailed', (r) => problems.push(`${r.url()}: ${r.failure()?.errorText}`));

  await page.goto(url);
  const editor = page.locator('.graphiql-query-editor .CodeMirror').first();
  await editor.waitFor();
  for (const [name, query, expected] of [
    ['Ask', 'query Ask { hello }', 'from the query'],
    ['Follow', 'subscription Follow { events { cursor text } }', 'from the subscription'],
  ]) {
    await editor.evaluate((element, text) => element.CodeMirror.setValue(text), query);
    // The tab gets the operation's name once GraphiQL has read the query.
    await page.locator('.graphiql-tab', { hasText: name }).first().waitFor();
    await page.locator('.graphiql-execute-button').click();
    const shown = page.locator('.result-window', { hasText: expected });
    await shown.waitFor({ timeout: 20_000 }).catch(async (e) => {
      console.log('the page shows:', await page.locator('body').innerText(), JSON.stringify(problems));
      throw e;
    });
    console.log(await shown.innerText());
  }
  console.log('problems:', JSON.stringify(problems));
} finally {
  await browser.close();
}
