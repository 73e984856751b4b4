// Package argv stops and starts a region's server, and handles the data of a
// stopped one, by commands from the configuration: systemctl, kubectl, a
// script, whatever runs the server there.
//
// A command is a list of words. It is run as it stands: no shell reads it and
// nothing that arrives from chat or alerts can become part of it (R8). Into the
// commands of a Volume go the few values that a placeholder asks for, each of
// which has been checked for its shape first, since beyond an ssh a shell may
// read it after all. A command inherits rapbot's environment, runs in a process
// group of its own and is killed with its children when its time is over.
//
// Stopped is what the status command says with exit status 3, and nothing
// else: a command that fails, hangs or cannot be found means that nobody
// knows, and what nobody knows keeps a replica from being promoted (R4).
//
// A command comes back when its work is done. One that leaves a server behind
// sends that server's output somewhere else than its own.
package argv
