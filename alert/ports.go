package alert

import (
	"context"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Inbox is the journal of what arrives (R8).
type Inbox interface {
	// Accept stores a delivery durably before it returns. Fresh is false, and
	// nothing is stored, when the newest delivery of its group has the same Key.
	Accept(ctx context.Context, d Delivery) (fresh bool, err error)
	// Pending returns accepted deliveries that no group has absorbed, oldest
	// first, limit at the most.
	Pending(ctx context.Context, limit int) ([]Delivery, error)
	// Group returns a group by its ID. Code NotFound.
	Group(ctx context.Context, id string) (Group, error)
	// Unshown returns the groups whose card does not show them as they are, the
	// oldest change first.
	Unshown(ctx context.Context) ([]Group, error)
	// Unsettled returns the groups that fire and those that hold a delivery,
	// sorted by ID.
	Unsettled(ctx context.Context) ([]Group, error)
	// Absorb stores the group and marks the deliveries as absorbed, together. It
	// leaves Card and Told to Shown, and makes ChangedAt rise. Code Conflict,
	// and nothing changed, when one of the deliveries was absorbed before.
	Absorb(ctx context.Context, g Group, deliveries ...int64) error
	// Shown stores where the group's card stands and that it shows the state
	// of changedAt.
	Shown(ctx context.Context, id string, card rapbot.Ref, told string, changedAt time.Time) error
	// Digests returns the newest digest of every channel that had one, sorted
	// by channel.
	Digests(ctx context.Context) ([]Digest, error)
	// KeepDigest stores a digest in the place of its channel's one before.
	KeepDigest(ctx context.Context, d Digest) error
	// Firing returns the groups of which something fires, the first seen first.
	Firing(ctx context.Context) ([]Group, error)
	// OnCard returns the group whose card stands there. Code NotFound, also for
	// a card that another has taken the place of.
	OnCard(ctx context.Context, card rapbot.Ref) (Group, error)
	// Amend stores what people made of the group since it was read, which its
	// card is then to show. It leaves Card and Told to Shown, and makes ChangedAt
	// rise. Code Conflict when the group has changed since it was read, code
	// NotFound when there is none.
	Amend(ctx context.Context, g Group) error
	// FirstTime reports whether this key has not been seen before, and
	// remembers it. Keys are kept for a day.
	FirstTime(ctx context.Context, key string, at time.Time) (bool, error)
}

// Firings is the memory of which alerts were explained: told in their thread
// what surrounds them, once for each time that they began to fire.
type Firings interface {
	// Unexplained returns the groups that fire, have a card and were not
	// explained since they began to, the oldest change first.
	Unexplained(ctx context.Context) ([]Group, error)
	// Explained stores that a group was when it fired for the times-th time.
	// Code NotFound.
	Explained(ctx context.Context, id string, times int) error
}

// Silences are Alertmanager's. Every method may return code Unavailable when
// Alertmanager gives no answer that can be understood, and code Forbidden when
// it does not accept rapbot's credentials.
type Silences interface {
	// Create makes a silence and returns its ID. Code Invalid, with
	// Alertmanager's own words, when it takes none like this. After Unavailable
	// it says whether one may have been made.
	Create(ctx context.Context, s Silence) (string, error)
	// Expire ends a silence now. Code NotFound when there is none of this ID,
	// code Settled when it has ended already.
	Expire(ctx context.Context, id string) error
	// ByID returns one silence, also one that has ended. Code NotFound.
	ByID(ctx context.Context, id string) (Silence, error)
	// List returns those that are active or pending, what ends first first.
	List(ctx context.Context) ([]Silence, error)
	// Firing returns the labels of every alert that fires, the silenced ones
	// included: of those Alertmanager tells nothing by itself, not even that they
	// have resolved.
	Firing(ctx context.Context) ([]map[string]string, error)
}
