package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// disturb makes Slack refuse and lose answers now and then, until ctx ends. What befalls rapbot's channel befalls the other one too.
func (s *stage) disturb(ctx context.Context, seed uint64, every time.Duration) {
	if every <= 0 {
		return
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(every/2 + time.Duration(rng.Int64N(int64(every)))):
		}
		for _, channel := range []string{channelOurs, channelPeer} {
			fault := fmt.Sprintf(`{"rate_limit":{"method":"chat.postMessage","channel":%q,"times":1,"retry_after":%d}}`, channel, 1+rng.IntN(3))
			switch rng.IntN(4) {
			case 0:
				fault = fmt.Sprintf(`{"rate_limit":{"method":"chat.update","channel":%q,"times":2,"retry_after":%d}}`, channel, 1+rng.IntN(3))
			case 1:
				fault = fmt.Sprintf(`{"eof_after_commit":{"method":"chat.postMessage","channel":%q,"times":1}}`, channel)
			}
			_, _ = s.slack.Fault([]byte(fault)) // cannot fail
		}
	}
}

// slowAnswer is how long Slack keeps an answer back so that rapbot can be killed between what was done and what it knows of it.
const slowAnswer = 300 * time.Millisecond

// killer kills rapbot again and again until ctx ends or all kills are done, each time at another moment: every second one while Slack
// has done what rapbot has asked for and rapbot does not know yet.
func (s *stage) killer(ctx context.Context, seed uint64, kills int, within time.Duration, done *atomic.Int64) error {
	if kills == 0 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	each := within / time.Duration(kills)
	for n := range kills {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(each/4 + time.Duration(rng.Int64N(int64(each)*3/4+1))):
		}
		if n%2 == 0 {
			method := []string{"chat.postMessage", "chat.postMessage", "chat.update"}[rng.IntN(3)]
			_, _ = s.slack.Fault(fmt.Appendf(nil, `{"slow":{"method":%q,"channel":%q,"times":1,"ms":%d}}`, method, channelOurs, slowAnswer.Milliseconds()))
			bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
			_ = wait.Until(bounded, time.Millisecond, func() bool { // when nothing is said, it is killed all the same
				f, err := s.slack.Fault([]byte("{}"))
				return err != nil || len(f.Slow) == 0
			})
			cancel()
		}
		if err := s.bot.kill(); err != nil {
			return err
		}
		time.Sleep(time.Duration(rng.Int64N(int64(time.Second))))
		if err := s.bot.start(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		done.Add(1)
	}
	return nil
}
