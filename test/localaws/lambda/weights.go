package lambda

// checkTargets holds the rules for what an alias may name (AWS Lambda Developer Guide,
// configuring-alias-routing; terraform#49904 for the state): versions that exist and are active; with weights
// exactly two published versions of the same role.
func (l *Lambda) checkTargets(f *function, a *alias) error {
	target := f.latest
	if a.version != latestVersion {
		target = f.versions[a.version]
	}
	if err := l.checkTarget(f, a.version, target); err != nil {
		return err
	}
	if len(a.weights) == 0 {
		return nil
	}
	if a.version == latestVersion {
		return invalidValue("$LATEST is not supported for an alias pointing to more than 1 version")
	}
	if len(a.weights) > 1 {
		return invalidValue("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for number := range a.weights {
		if err := l.checkWeight(f, a, target, number); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lambda) checkWeight(f *function, a *alias, target *version, number string) error {
	if number == a.version || number == latestVersion {
		return invalidValue("Invalid function version " + number + ". Function version " + a.version +
			" is already included in routing configuration.")
	}
	second := f.versions[number]
	if err := l.checkTarget(f, number, second); err != nil {
		return err
	}
	if second.role != target.role {
		return invalidValue("The versions of an alias with weights must have the same execution role.")
	}
	return nil
}

func (l *Lambda) checkTarget(f *function, number string, v *version) error {
	if v == nil {
		return noFunction(l.arn(f.name + ":" + number))
	}
	if v.state != stateActive {
		return conflict("The operation cannot be performed at this time. The function is currently in the following state: " +
			v.state)
	}
	return nil
}

// choose picks the version of one request; lot is between 0 and 1.
func (a *alias) choose(lot float64) string {
	for number, weight := range a.weights {
		if lot < weight {
			return number
		}
	}
	return a.version
}
