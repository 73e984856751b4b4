package alertmanager

import (
	"net/http"
	"time"
)

// Server serves the webhook with bounds on everything a caller can draw out.
// An answer may take as long as reading the body and storing the delivery.
func Server(addr string, handler http.Handler) *http.Server {
	const readTimeout = 15 * time.Second
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + storeTimeout + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
