// Package demo plays the hub's main job on one machine, as a program that knows
// nothing but the API: it connects a folder and three stores, shows the plan of a
// sync, watches the run over a websocket, compares every byte itself, then edits
// the files, and settles the conflict that follows.
package demo
