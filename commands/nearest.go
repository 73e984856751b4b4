package commands

// nearest returns the candidate that a typing mistake most likely meant: the
// one with the smallest edit distance, if that is small for its length, or
// the only one that begins with what was typed.
func nearest(typed string, candidates []string) (string, bool) {
	if typed == "" || len(typed) > 64 {
		return "", false
	}
	best, bestDistance := "", 1<<30
	for _, c := range candidates {
		if d := distance(typed, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best != "" && bestDistance <= max(1, len(best)/3) {
		return best, true
	}
	found := ""
	for _, c := range candidates {
		if len(typed) >= 2 && len(c) > len(typed) && c[:len(typed)] == typed {
			if found != "" {
				return "", false
			}
			found = c
		}
	}
	return found, found != ""
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours between two words (optimal string alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	d := make([][]int, len(x)+1)
	for i := range d {
		d[i] = make([]int, len(y)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(x)][len(y)]
}
