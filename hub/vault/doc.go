// Package vault seals the credentials of connections so that the database alone
// gives nothing away. What is sealed opens only for the organization, the thing
// and the field it was sealed for: a row moved elsewhere is worth nothing.
package vault
