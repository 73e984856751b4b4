package workspace

// People lists the members of the workspace, the app left out.
func (w *Workspace) People() []Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Person
	for _, p := range w.humans() {
		out = append(out, p.Person)
	}
	return out
}

// Channels lists the channels, conversations between two left out.
func (w *Workspace) Channels() []Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Channel
	for _, c := range w.channels {
		if !c.im {
			out = append(out, Channel{Name: c.name, ID: c.id, Private: c.private, Topic: c.topic, Members: c.members})
		}
	}
	return out
}
