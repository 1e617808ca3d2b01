// Package queue hands messages of SQS to the application's worker and reports the failed ones one by one.
//
// It encodes AWS Lambda Developer Guide, services-sqs-errorhandling: batchItemFailures name what SQS shall deliver
// again, and in a FIFO queue nothing of a message group may be handled after a message of it has failed.
package queue

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// event is a batch of messages.
type event struct {
	Records []record `json:"Records"`
}

// record is one message as the event source mapping delivers it.
type record struct {
	MessageID     string `json:"messageId"`
	ReceiptHandle string `json:"receiptHandle"`
	Body          string `json:"body"`
	Attributes    struct {
		ReceiveCount string `json:"ApproximateReceiveCount"`
		Group        string `json:"MessageGroupId"`
	} `json:"attributes"`
	MessageAttributes map[string]attribute `json:"messageAttributes"`
	EventSourceARN    string               `json:"eventSourceARN"`
}

type attribute struct {
	StringValue string `json:"stringValue"`
	DataType    string `json:"dataType"`
}

// Bounds of what a worker gets beside the body, in bytes. SQS allows ten attributes.
const (
	maxAttributes     = 10
	maxAttributeName  = 64
	maxAttributeValue = 8 << 10
)

// receiveCount is how often the message was delivered, this time included.
func (r record) receiveCount() int {
	count, err := strconv.Atoi(r.Attributes.ReceiveCount)
	if err != nil || count < 1 {
		return 1
	}
	return count
}

// queue is the name of the queue on AWS: the last part of arn:aws:sqs:region:account:name.
func (r record) queue() string {
	return r.EventSourceARN[strings.LastIndexByte(r.EventSourceARN, ':')+1:]
}

func (r record) fifo() bool { return strings.HasSuffix(r.queue(), ".fifo") }

// shortName is the queue's name in the manifest.
func (r record) shortName(suffix string) string {
	return strings.TrimSuffix(strings.TrimSuffix(r.queue(), ".fifo"), suffix)
}

// url is the queue's address under the prefix that the stack gives, else AWS's own for the ARN's region and account.
func (r record) url(prefix string) string {
	if prefix == "" {
		if parts := strings.Split(r.EventSourceARN, ":"); len(parts) == 6 {
			host := "amazonaws.com"
			if parts[1] == "aws-cn" {
				host += ".cn"
			}
			prefix = fmt.Sprintf("https://sqs.%s.%s/%s", parts[3], host, parts[4])
		}
	}
	return prefix + "/" + r.queue()
}

// attributes are the message's text attributes under names fit for variables and headers; what is too large is left
// out.
func (r record) attributes() map[string]string {
	kept := map[string]string{}
	// In order, so that of two names that become the same it is always the same one that counts: the last.
	for _, name := range slices.Sorted(maps.Keys(r.MessageAttributes)) {
		value := r.MessageAttributes[name]
		binary := strings.HasPrefix(value.DataType, "Binary")
		if binary || len(name) > maxAttributeName || len(value.StringValue) > maxAttributeValue ||
			strings.ContainsAny(value.StringValue, "\x00\r\n") {
			continue
		}
		if len(kept) < maxAttributes {
			kept[variable(name)] = value.StringValue
		}
	}
	return kept
}

// variable is a name in capital letters, digits and underscores.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, name)
}
