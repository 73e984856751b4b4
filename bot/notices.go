package bot

import (
	"context"
	"sync"

	"github.com/rap-analyzer/rapbot"
)

// maxNotices bounds what waits; what is older is found in /rap alerts.
const maxNotices = 100

// notices tell everybody of what somebody did. What the chat does not take now
// is tried again until it does, in the order in which it was done; the key keeps
// it from being said twice. They do not survive a crash: the cards, which do,
// say the same.
type notices struct {
	chat rapbot.Chat
	wake chan struct{}
	mu   sync.Mutex
	left []notice
}

type notice struct {
	to  rapbot.Place
	key string
	m   rapbot.Message
}

// tell says it now, or as soon as it can be said.
func (n *notices) tell(ctx context.Context, one notice) error {
	n.mu.Lock()
	n.left = append(n.left, one)
	n.left = n.left[max(0, len(n.left)-maxNotices):]
	n.mu.Unlock()
	err := n.work(ctx)
	if err != nil {
		select {
		case n.wake <- struct{}{}:
		default:
		}
	}
	return err
}

func (n *notices) waiting() <-chan struct{} { return n.wake }

func (n *notices) work(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(n.left) > 0 {
		next := n.left[0]
		_, err := n.chat.Post(ctx, next.to, next.key, next.m)
		if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound { // a channel or thread that is gone
			return err
		}
		n.left = n.left[1:]
	}
	return nil
}
