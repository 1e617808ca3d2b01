package cloudformation

import (
	"encoding/base64"
	"strconv"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
)

// A page token is opaque to callers: the encoded position of the next entry.
func token(position int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(position)))
}

func position(text string, otherwise, most int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, invalid("NextToken is invalid")
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 0 || n > most {
		return 0, invalid("NextToken is invalid")
	}
	return n, nil
}

func pageOf[T any](all []T, next string) ([]T, string, error) {
	from, err := position(next, 0, len(all))
	if err != nil {
		return nil, "", err
	}
	to := min(from+pageSize, len(all))
	if to == len(all) {
		return all[from:to], "", nil
	}
	return all[from:to], token(to), nil
}

// newestFirst pages backwards from the end; counting from the oldest keeps a position valid while events are added.
func newestFirst(all []engine.Event, next string) ([]engine.Event, string, error) {
	until, err := position(next, len(all), len(all))
	if err != nil {
		return nil, "", err
	}
	from := max(until-pageSize, 0)
	page := make([]engine.Event, 0, until-from)
	for i := until - 1; i >= from; i-- {
		page = append(page, all[i])
	}
	if from == 0 {
		return page, "", nil
	}
	return page, token(from), nil
}
