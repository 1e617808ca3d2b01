package logs

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// describeLimit is both the default and the largest page of the Describe operations.
const describeLimit = 50

// pageOf cuts a page out of a list; the token is the opaque position of its first item.
func pageOf[T any](list []T, token string, limit int) ([]T, string, error) {
	if limit < 0 || limit > describeLimit {
		return nil, "", invalid("limit must be between 1 and %d", describeLimit)
	}
	if limit == 0 {
		limit = describeLimit
	}
	from := 0
	if token != "" {
		numbers, err := parseToken(token, 1)
		if err != nil {
			return nil, "", err
		}
		from = min(int(numbers[0]), len(list))
	}
	to := min(from+limit, len(list))
	if to == len(list) {
		return list[from:to], "", nil
	}
	return list[from:to], newToken(int64(to)), nil
}

// newToken hides numbers in a token.
func newToken(numbers ...int64) string {
	var text []string
	for _, n := range numbers {
		text = append(text, strconv.FormatInt(n, 10))
	}
	return base64.RawURLEncoding.EncodeToString([]byte("v1:" + strings.Join(text, ":")))
}

// parseToken returns the numbers of a token, which must be that many and not negative.
func parseToken(token string, count int) ([]int64, error) {
	malformed := invalid("The specified nextToken is invalid.")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, malformed
	}
	fields := strings.Split(string(raw), ":")
	if fields[0] != "v1" || len(fields) != count+1 {
		return nil, malformed
	}
	numbers := make([]int64, count)
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(fields[i+1], 10, 64); err != nil || numbers[i] < 0 {
			return nil, malformed
		}
	}
	return numbers, nil
}
