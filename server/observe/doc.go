// Package observe lets operators see what the hub does: structured logs, metrics
// and traces. Nothing in it tells what belongs to a tenant: logs name routes, not
// addresses, and labels name kinds, not ids.
package observe
