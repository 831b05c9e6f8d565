// Package reach decides what the connections of tenants may reach from the hub's
// own place: which network addresses and which folders of the machine.
//
// Tenants choose the addresses, so a hub that many use must not let them talk to
// its neighbours: databases, metadata services, other people's routers.
package reach
