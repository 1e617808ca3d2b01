package lambda

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// record is one message as a function sees it (AWS Lambda Developer Guide, with-sqs).
type record struct {
	MessageID         string               `json:"messageId"`
	ReceiptHandle     string               `json:"receiptHandle"`
	Body              string               `json:"body"`
	Attributes        map[string]string    `json:"attributes"`
	MessageAttributes map[string]attribute `json:"messageAttributes"`
	MD5OfBody         string               `json:"md5OfBody"`
	EventSource       string               `json:"eventSource"`
	EventSourceARN    string               `json:"eventSourceARN"`
	AWSRegion         string               `json:"awsRegion"`
}

type attribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"`
	StringListValues []string `json:"stringListValues"`
	BinaryListValues [][]byte `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

func (p *poller) event(messages []types.Message) ([]byte, error) {
	records := make([]record, 0, len(messages))
	for _, m := range messages {
		r := record{MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle),
			Body: aws.ToString(m.Body), Attributes: m.Attributes, MessageAttributes: map[string]attribute{},
			MD5OfBody: aws.ToString(m.MD5OfBody), EventSource: "aws:sqs", EventSourceARN: p.source,
			AWSRegion: p.lambda.env.Region}
		for name, value := range m.MessageAttributes {
			r.MessageAttributes[name] = attribute{StringValue: value.StringValue, BinaryValue: value.BinaryValue,
				StringListValues: []string{}, BinaryListValues: [][]byte{}, DataType: aws.ToString(value.DataType)}
		}
		records = append(records, r)
	}
	payload, err := json.Marshal(map[string][]record{"Records": records})
	if err != nil {
		return nil, fmt.Errorf("encoding the records: %w", err)
	}
	return payload, nil
}

// succeeded lists the messages that a function did not report as failed. An answer without failures is a success of
// all; one that is not understood, or names no message of the batch, is a failure of all (AWS Lambda Developer Guide,
// services-sqs-errorhandling).
func succeeded(messages []types.Message, answer []byte) []types.Message {
	var told *struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(answer) > 0 && json.Unmarshal(answer, &told) != nil {
		return nil
	}
	if told == nil {
		return messages
	}
	known, failed := map[string]bool{}, map[string]bool{}
	for _, m := range messages {
		known[aws.ToString(m.MessageId)] = true
	}
	for _, f := range told.BatchItemFailures {
		if !known[f.ItemIdentifier] {
			return nil
		}
		failed[f.ItemIdentifier] = true
	}
	var done []types.Message
	for _, m := range messages {
		if !failed[aws.ToString(m.MessageId)] {
			done = append(done, m)
		}
	}
	return done
}
