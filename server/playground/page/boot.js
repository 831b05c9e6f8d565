'use strict';
(() => {
  const url = location.origin + '/graphql';
  const socket = url.replace(/^http/, 'ws');
  const empty = '# A query:\n{\n  viewer { role organization { name } }\n}\n';

  // One fetcher for each value of the authorization header: a websocket keeps the
  // one that it was opened with.
  const fetchers = new Map();
  const fetcherFor = (authorization) => {
    let fetcher = fetchers.get(authorization);
    if (!fetcher) {
      const wsClient = graphqlWs.createClient({
        url: socket,
        connectionParams: authorization ? { authorization } : undefined,
        shouldRetry: (event) => event.code !== 4403,
      });
      fetcher = GraphiQL.createFetcher({ url, wsClient });
      fetchers.set(authorization, fetcher);
    }
    return fetcher;
  };
  const authorizationIn = (headers = {}) => {
    const name = Object.keys(headers).find((key) => key.toLowerCase() === 'authorization');
    return name ? headers[name] : '';
  };
  const fetcher = (params, options = {}) => fetcherFor(authorizationIn(options.headers))(params, options);

  ReactDOM.createRoot(document.getElementById('graphiql')).render(
    React.createElement(GraphiQL, { fetcher, defaultQuery: empty, shouldPersistHeaders: false }),
  );

  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __typename }' }),
  }).then((response) => {
    document.getElementById('sign-in').hidden = response.status !== 401;
  });
})();
