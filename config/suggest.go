package config

import "strings"

// nearest gives the choice that text was probably meant to be, or "" when none
// is close. bot-token, botToken and Bot_Token are all bot_token.
func nearest(text string, choices []string) string {
	best, least := "", 0
	for _, choice := range choices {
		steps := edits(squash(text), squash(choice))
		if steps <= max(1, len(choice)/3) && (best == "" || steps < least) {
			best, least = choice, steps
		}
	}
	return best
}

func squash(text string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(text))
}

// edits counts the letters to insert, remove or replace to turn a into b; two
// letters that changed places count as one.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
