// Package alert is the language of alerts: what Alertmanager delivers and the
// group that its deliveries make (Delivery, Group), which of them come late, how
// bad they are, whom they are for (Match), what keeps them quiet (Silence), and
// the one card that stands for too many of them (Digest).
//
// Like package rapbot, whose words it uses, it does no I/O.
package alert
