package server

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/wedsync/wedsync/graph"
	"github.com/wedsync/wedsync/server/auth"
	"github.com/wedsync/wedsync/server/gqlexec"
	"github.com/wedsync/wedsync/server/gqlhttp"
	"github.com/wedsync/wedsync/server/gqlws"
	"github.com/wedsync/wedsync/server/observe"
	"github.com/wedsync/wedsync/server/playground"
	"github.com/wedsync/wedsync/server/rest"
)

const (
	maxBody          = 1 << 20
	operationTimeout = 30 * time.Second
	maxConnections   = 20_000
	maxOperations    = 100
	maxMessage       = 256 << 10
	maxQueued        = 1 << 20
)

// edge is what the hub answers over HTTP.
type edge struct {
	http.Handler
	websockets *gqlws.Handler
}

// newEdge returns the whole edge.
func newEdge(k *core) (*edge, error) {
	who, err := auth.New(k.accounts, k.config, k.key, k.log)
	if err != nil {
		return nil, err
	}
	exec := gqlexec.New(graph.New(graph.Services{
		Store: k.store, Accounts: k.accounts, Connections: k.connections, Weddings: k.weddings,
		Syncs: k.syncs, Events: k.events, Fingerprint: k.vault.Fingerprint,
	}), gqlexec.DefaultLimits(), k.log)
	overHTTP := who.RequireGraphQL(&gqlhttp.Handler{Exec: exec, Log: k.log, MaxBody: maxBody, Timeout: operationTimeout})
	websockets := gqlws.New(gqlws.Config{
		Exec: exec, Log: k.log, Init: who.InitWebsocket, Recheck: who.Recheck,
		MaxConnections: maxConnections, MaxOperations: maxOperations, MaxMessage: maxMessage, MaxQueued: maxQueued,
		Timing: gqlws.DefaultTiming(),
	})
	k.metrics.Websockets(websockets.Connections, websockets.Operations)

	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
		if websocket.IsWebSocketUpgrade(r) { // who it is comes with the first message
			websockets.ServeHTTP(w, r)
			return
		}
		overHTTP.ServeHTTP(w, r)
	})
	who.Register(mux)
	rest.Register(mux, rest.NewStore(k.db.Client, k.config.PublicURL, time.Now), who.Require, k.log)
	if err := playground.Register(mux, k.config.PublicURL); err != nil {
		return nil, err
	}
	mux.Handle("GET /{$}", http.RedirectHandler("/playground", http.StatusFound))
	k.registerHealth(mux)
	return &edge{observe.Requests(mux, k.metrics, k.log), websockets}, nil
}

// newHealthEdge returns the edge of a process that only works.
func newHealthEdge(k *core) *edge {
	mux := http.NewServeMux()
	k.registerHealth(mux)
	return &edge{Handler: observe.Requests(mux, k.metrics, k.log)}
}
