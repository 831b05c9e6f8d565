// Runs operations with npm's graphql-ws client and prints one line of JSON for
// whatever happens: {"op", "next"|"error"|"complete"} for operations,
// {"event", ...} for the connection.
// Usage: node subscribe.mjs URL '{"connectionParams": {...}, "retryAttempts": n,
//   "operations": [{"op": "name", "query": "...", "variables": {}, "take": n}]}'
// It ends when all operations are over. take ends an operation after n results.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, text] = process.argv.slice(2);
const { connectionParams, retryAttempts = 0, operations } = JSON.parse(text);
const print = (line) => console.log(JSON.stringify(line));
const client = createClient({
  url,
  connectionParams,
  retryAttempts,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 20)),
  webSocketImpl: WebSocket,
  keepAlive: 200,
  on: {
    connected: () => print({ event: 'connected' }),
    closed: (e) => print({ event: 'closed', code: e.code, reason: e.reason }),
    pong: (received) => received && print({ event: 'pong' }),
  },
});

const run = ({ op, query, variables, take }) =>
  new Promise((resolve) => {
    let left = take;
    const stop = client.subscribe({ query, variables }, {
      next: (next) => {
        if (take && left === 0) return; // was on its way when we stopped
        print({ op, next });
        if (take && --left === 0) stop();
      },
      error: (e) => {
        print({ op, error: Array.isArray(e) ? e : { code: e.code, reason: e.reason } });
        resolve();
      },
      complete: () => {
        print({ op, complete: true });
        resolve();
      },
    });
  });

await Promise.all(operations.map(run));
await client.dispose();
