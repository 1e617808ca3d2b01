package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// queueURL composes the address of a queue that the application knows by its short name; a name ending in ".fifo"
// keeps that ending last, as SQS demands.
func queueURL(name, prefix, suffix string) (string, error) {
	if prefix == "" {
		return "", errors.New("SQS_PREFIX is not set; there is no queue to send the job to")
	}
	base, fifo := strings.CutSuffix(name, ".fifo")
	url := prefix + "/" + base + suffix
	if fifo {
		url += ".fifo"
	}
	return url, nil
}

// enqueue sends a job and returns its id and the id of its message.
func enqueue(ctx context.Context, queue, work string) (id, messageID string, err error) {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", "", fmt.Errorf("loading the AWS configuration: %w", err)
	}
	todo := job{ID: rand.Text(), Work: work}
	body, err := json.Marshal(todo)
	if err != nil {
		return "", "", err
	}
	message := &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(string(body))}
	if strings.HasSuffix(queue, ".fifo") {
		message.MessageGroupId, message.MessageDeduplicationId = aws.String("jobs"), &todo.ID
	}
	sent, err := sqs.NewFromConfig(settings).SendMessage(ctx, message)
	if err != nil {
		return "", "", fmt.Errorf("sending the job: %w", err)
	}
	return todo.ID, aws.ToString(sent.MessageId), nil
}
