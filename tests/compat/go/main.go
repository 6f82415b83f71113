// Calls every method of the original's Go client, as its module is published: once as it is meant, and once so that the
// server has to refuse.
//
// Prints one line of JSON for each check: {check, error}.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
)

// check is what is tried with one method of the client.
type check struct {
	method string
	works  func()
	// What cannot fail says so: neverRefused.
	refused func()
}

// neverRefused stands where no server is asked, and nothing can be wrong with the arguments.
func neverRefused() {}

type report struct {
	Check string  `json:"check"`
	Error *string `json:"error"`
}

func main() {
	failed := false
	for _, each := range slices.Concat(
		clientChecks, colonyChecks, executorChecks, functionChecks, userChecks, locationChecks, serverChecks,
		processChecks, processListChecks, subscriptionChecks, workflowChecks, workflowListChecks, attributeChecks,
		logChecks, cronChecks, generatorChecks, channelChecks, fileChecks, snapshotChecks, definitionChecks,
		blueprintChecks, colonyFSChecks, storeChecks,
	) {
		failed = run(each.method, each.works) || failed
		failed = run(each.method+", refused", each.refused) || failed
	}
	if failed {
		os.Exit(1)
	}
}

// run returns whether it failed.
func run(name string, attempt func()) (failed bool) {
	defer func() {
		line := report{Check: name}
		if reason := recover(); reason != nil {
			text := fmt.Sprintf("%v\n%s", reason, debug.Stack())
			line.Error = &text
			failed = true
		}
		text, err := json.Marshal(line)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(text))
	}()
	attempt()
	return false
}
