package function

// WarmEvent is a ping, which an environment answers when its application is up, or the order to send pings. Its names
// are Hover's, but for the hold.
type WarmEvent struct {
	// Hold is for how many milliseconds a ping is held, as decimal digits: only pings that are held at the same time
	// meet an environment each.
	Hold string `json:"hold,omitempty"`
	Ping bool   `json:"warmer_ping,omitempty"`
	// Order is the order to ping so many environments, the one that gets it among them.
	Order      bool `json:"warmer,omitempty"`
	Containers int  `json:"containers,omitempty"`
}

// WarmAnswer answers a WarmEvent.
type WarmAnswer struct {
	// Output is a sentence for people.
	Output string `json:"output"`
	// Environment is the log stream, which is one environment's own: by it environments are counted.
	Environment string `json:"environment"`
	// ColdStart says that the event was the environment's first.
	ColdStart bool `json:"coldStart"`
}
