package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/colonyos/colonies/pkg/client"
	"github.com/colonyos/colonies/pkg/core"
	"github.com/colonyos/colonies/pkg/security/crypto"
)

var (
	server    = client.CreateColoniesClient(host(), port(), true, true)
	serverKey = variable("COLONIES_SERVER_PRVKEY")
	ours      = colony{name: variable("COLONIES_COLONY_NAME"), key: variable("COLONIES_COLONY_PRVKEY")}
	stranger  = newKey()
	unknownID = strings.Repeat("0", 64)
	names     = 0
)

func variable(name string) string {
	value, found := os.LookupEnv(name)
	holds(found, name+" is set")
	return value
}

func host() string { return variable("COLONIES_SERVER_HOST") }

func port() int { return must(strconv.Atoi(variable("COLONIES_SERVER_PORT"))) }

func newName(kind string) string {
	names++
	return fmt.Sprintf("%s-%d", kind, names)
}

func newKey() string { return must(crypto.CreateCrypto().GeneratePrivateKey()) }

func idOf(key string) string { return must(crypto.CreateCrypto().GenerateID(key)) }

type colony struct {
	name string
	// key of its owner
	key string
}

func newColony() colony {
	added := colony{name: newName("colony"), key: newKey()}
	must(server.AddColony(core.CreateColony(idOf(added.key), added.name), serverKey))
	return added
}

// member is an executor of a type of its own, so that checks do not take each other's processes.
type member struct {
	colony colony
	// name of the executor, and of its type
	name string
	key  string
}

func newMember() member { return ours.newMember() }

func newMemberPending() member { return ours.newMemberPending() }

func (in colony) newMember() member {
	added := in.newMemberPending()
	done(server.ApproveExecutor(in.name, added.name, in.key))
	return added
}

func (in colony) newMemberPending() member {
	added := member{colony: in, name: newName("executor"), key: newKey()}
	must(server.AddExecutor(added.executor(), in.key))
	return added
}

func (by member) executor() *core.Executor {
	return &core.Executor{ID: by.id(), Type: by.name, Name: by.name, ColonyName: by.colony.name}
}

func (by member) id() string { return idOf(by.key) }

// spec is a function spec for this executor, as the Go client's users write them.
func (by member) spec(funcname string) *core.FunctionSpec {
	spec := core.CreateEmptyFunctionSpec()
	spec.NodeName = funcname
	spec.FuncName = funcname
	spec.MaxExecTime = 100
	spec.MaxRetries = 3
	spec.Conditions.ColonyName = by.colony.name
	spec.Conditions.ExecutorType = by.name
	return spec
}

func (by member) submit() *core.Process {
	return must(server.Submit(by.spec("echo"), by.key))
}

func (by member) assign() *core.Process {
	return must(server.Assign(by.colony.name, 10, "", "", by.key))
}

// running submits a process and assigns it.
func (by member) running() *core.Process {
	by.submit()
	return by.assign()
}

// run assigns the next process and closes it.
func (by member) run(output ...any) *core.Process {
	process := by.assign()
	done(server.CloseWithOutput(process.ID, output, by.key))
	return process
}

func (by member) state(processID string) int {
	return must(server.GetProcess(processID, by.key)).State
}

// workflow is one whose nodes follow each other.
func (by member) workflow(nodes ...string) *core.WorkflowSpec {
	workflow := core.CreateWorkflowSpec(by.colony.name)
	for at, node := range nodes {
		spec := by.spec(node)
		if at > 0 {
			spec.AddDependency(nodes[at-1])
		}
		workflow.AddFunctionSpec(spec)
	}
	return workflow
}

func (by member) submitWorkflow(nodes ...string) *core.ProcessGraph {
	return must(server.SubmitWorkflowSpec(by.workflow(nodes...), by.key))
}

// unreachable is a client of a server that is not there.
func unreachable() *client.ColoniesClient {
	return client.CreateColoniesClient("127.0.0.1", 1, true, false)
}
