// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

// groupSummary is the line of help for a group of commands.
func groupSummary(words string) string {
	if text, ok := groupSummaries()[words]; ok {
		return text
	}
	return "Commands about: " + words // a test finds it
}

func groupSummaries() map[string]string {
	return map[string]string{
		"account":                          "Administrators' accounts, passwords and keys",
		"account key":                      "Your approver key",
		"account passkey":                  "Your passkeys",
		"account rules":                    "What is asked of passwords and sessions",
		"account token":                    "Your API tokens, for programs",
		"account totp":                     "Your authenticator",
		"alert":                            "What is wrong now, and what was",
		"audit search":                     "Searches that you have saved",
		"audit-class":                      "Classes of audit that are left out of index and exports for a time",
		"channel":                          "Where alerts are sent",
		"component":                        "Components: admission, certificates, versions, configuration",
		"component configuration":          "What components are configured with, and with what they should be",
		"component configuration schedule": "When configurations are compared",
		"component request":                "Who asks to be admitted",
		"export":                           "Where audit entries are sent",
		"finding":                          "What auditors found, until it is mended",
		"partner":                          "Other systems' management centers",
		"policy draft":                     "Policy that is being worked on",
		"policy rehearsal":                 "Rehearsals, and what they found",
		"proposal":                         "What two persons do together",
		"quarantine":                       "Files that a receiving front has refused",
		"report":                           "Reports for those who are responsible",
		"report schedule":                  "Which reports are made by themselves",
		"report settings":                  "What is on all reports",
		"retention":                        "For how long audit is kept",
		"rule":                             "When an alert is raised",
		"session":                          "Who is signed in",
		"silence":                          "Alerts that are not to be sent for a while",
		"source":                           "Systems that send their own audit here",
	}
}
