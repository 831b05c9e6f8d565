// An OpenID Connect issuer by npm's oidc-provider, with the pages it brings for
// development: any name signs in with any password. The name is the e-mail
// address; one that begins with "unverified" is not verified.
// Usage: node issuer.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI
// It prints its address and runs until it is killed.
import { createServer } from 'node:http';

console.warn = console.info = () => {};
const { default: Provider } = await import('oidc-provider');

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(address, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], response_types: ['code'], grant_types: ['authorization_code'] }],
  cookies: { keys: ['test'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: sub, email_verified: !sub.startsWith('unverified'), name: 'Somebody' }),
  }),
});
server.on('request', provider.callback());
console.log(address);
