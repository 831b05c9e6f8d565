// Package config is the hub's configuration: typed, read once from the
// environment, and refused with a sentence that says what to set when it makes no
// sense. It also keeps the master key that an embedded hub makes for itself.
package config
