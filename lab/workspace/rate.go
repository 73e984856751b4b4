package workspace

import (
	"math"
	"net/http"
	"time"
)

// tier is a Web API rate class (https://docs.slack.dev/apis/web-api/rate-limits).
type tier int

const (
	special tier = iota // no limit a well-behaved app meets
	paced               // one message a second in each channel, with short bursts
	tier2
	tier3
	tier4
)

// perMinute is how many calls of one method a tier allows.
var perMinute = map[tier]float64{tier2: 20, tier3: 50, tier4: 100}

// burst is how many messages a channel takes at once before the pace of one a second holds. Slack says only "short bursts".
const burst = 5

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes one token, or says how long until there is one.
func (b *bucket) take(now time.Time, size, perSecond float64) time.Duration {
	b.tokens = min(size, b.tokens+now.Sub(b.at).Seconds()*perSecond)
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / perSecond * float64(time.Second))
}

// overTier takes a call from its method's bucket and is true when there was none left.
func (w *Workspace) overTier(c *call, t tier) bool {
	allowed, limited := perMinute[t]
	return limited && w.over(c, c.method, allowed, allowed/60)
}

// overPace takes a message from a channel's bucket.
func (w *Workspace) overPace(c *call, in *channel) bool {
	return w.over(c, "channel "+in.id, burst, 1)
}

func (w *Workspace) over(c *call, key string, size, perSecond float64) bool {
	if w.opt.Unlimited {
		return false
	}
	now := w.now()
	b := w.buckets[key]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		w.buckets[key] = b
	}
	wait := b.take(now, size, perSecond)
	if wait == 0 {
		return false
	}
	c.status = http.StatusTooManyRequests
	c.retryAfter = int(math.Ceil(wait.Seconds()))
	return true
}
