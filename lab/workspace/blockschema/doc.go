// Package blockschema says whether blocks and views fit Slack.
//
// Structure comes from Slack's own types, turned into the two JSON Schemas beside this file (see README.md): wrong types,
// unknown blocks, unknown values and extra properties are refused. Lengths and counts are not in those types; they are the
// table in lengths.go, taken from https://docs.slack.dev/reference/block-kit and the checks in Slack's own Python SDK.
//
// A Problem is worded and located as the Web API words and locates it, so the emulated workspace answers with it unchanged.
package blockschema
