package config

import (
	"fmt"
	"io"
)

const (
	hidden   = "***"
	hiddenGo = `config.Secret("***")`
)

// Secret is a value that cannot be printed by accident: whatever formats or
// encodes it gets three stars. The zero Secret is "not set".
//
// The value is behind a pointer, so that even a Secret inside somebody's
// unexported field, where fmt cannot call its methods, shows only an address.
type Secret struct {
	value *string
}

// Reveal gives the value itself, and "" when the secret is not set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsSet says whether there is a value.
func (s Secret) IsSet() bool { return s.value != nil }

// String gives three stars.
func (s Secret) String() string { return hidden }

// GoString gives three stars for %#v.
func (s Secret) GoString() string { return hiddenGo }

// Format gives three stars for every verb, those for numbers and pointers
// included.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, hiddenGo)
		return
	}
	_, _ = io.WriteString(f, hidden)
}

// MarshalJSON gives three stars.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText gives three stars; YAML, XML and log encoders use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
