// Package gqlws serves GraphQL over websockets by the graphql-transport-ws
// protocol, and by no other.
//
// # Close codes
//
//	1000  the client ended the connection
//	1001  the hub shuts down; connect again
//	1009  a message is too large
//	1011  the hub failed
//	1013  the client reads too slowly; the reason is {"resumeAfter":"<cursor>"}
//	4400  a message that the protocol does not know
//	4401  subscribe before connection_ack
//	4403  not allowed in, or not any more
//	4406  the client does not speak graphql-transport-ws
//	4408  no connection_init in time
//	4409  the id is in use
//	4429  a second connection_init
//
// # Slow readers
//
// Each connection has a bounded queue. While it is full its subscriptions wait,
// and with them only their own reading of the event log: nobody else's work. A
// client that lets messages wait longer than SlowAfter is closed with 1013.
// Whatever it received counts as delivered, nothing was skipped before it, and each
// of its subscriptions goes on after the last cursor that it received; the reason
// repeats the latest of them. A client that reads nothing at all cannot be told:
// its connection is cut after WriteTimeout.
package gqlws
