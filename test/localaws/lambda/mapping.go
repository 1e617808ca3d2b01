package lambda

type mapping struct{ tags map[string]string }

func (l *Lambda) mappingARN(id string) string {
	return "arn:aws:lambda:" + l.env.Region + ":" + l.env.AccountID + ":event-source-mapping:" + id
}
