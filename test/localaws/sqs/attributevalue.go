package sqs

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

const maxMessageAttributes = 10

var (
	attributeName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)
	attributeType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)
)

// checkAttributes holds the rules for a message's attributes (SQS developer guide, "Amazon SQS message metadata").
func checkAttributes(attributes map[string]attributeValue) error {
	if len(attributes) > maxMessageAttributes {
		return badValue("Number of message attributes [%d] exceeds the allowed maximum [%d].", len(attributes),
			maxMessageAttributes)
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		lower, value := strings.ToLower(name), attributes[name]
		badDots := strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, "..")
		switch {
		case !attributeName.MatchString(name) || badDots:
			return badValue("Message (user) attribute name '%s' is invalid: it can contain letters, digits, hyphens, "+
				"underscores and periods.", name)
		case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
			return badValue("The message attribute name '%s' is invalid: it begins with a reserved prefix.", name)
		case !attributeType.MatchString(value.DataType):
			return badValue("The type of message (user) attribute '%s' is invalid. You must use only the following supported "+
				"type prefixes: Binary, Number, String.", name)
		case len(value.BinaryValue) == 0 && (value.StringValue == nil || *value.StringValue == ""):
			return badValue("Message (user) attribute '%s' must contain a non-empty value of type '%s'.", name,
				strings.SplitN(value.DataType, ".", 2)[0])
		}
	}
	return nil
}

func badValue(format string, args ...any) error {
	return failure("InvalidParameterValue", "InvalidParameterValue", format, args...)
}
