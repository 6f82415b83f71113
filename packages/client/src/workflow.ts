import type { FunctionSpec, WorkflowSpec } from '@colonies/protocol'
import { checkWorkflow } from './check-workflow.js'
import { InvalidError } from './errors.js'

/** One or several nodes of which the next ones need the outputs. */
export interface Stage {
  readonly nodes: readonly WorkflowNode[]

  /**
   * Lets each of the children start when all nodes of this stage have succeeded, with their outputs one after another as
   * its `in`.
   *
   * @returns the children as a stage, to go on from
   * @throws InvalidError for nodes of different workflows; also when it is awaited, since it is no promise
   */
  then(...children: WorkflowNode[]): Stage
}

/** A wish in a workflow. */
export class WorkflowNode implements Stage {
  readonly name: string
  readonly spec: FunctionSpec
  readonly workflow: Workflow
  /** In the order in which their outputs become `in`. */
  readonly parents: WorkflowNode[] = []

  constructor(workflow: Workflow, name: string, spec: FunctionSpec) {
    this.workflow = workflow
    this.name = name
    this.spec = spec
  }

  get nodes(): readonly WorkflowNode[] {
    return [this]
  }

  // biome-ignore lint/suspicious/noThenProperty: `gen.then(square1, square2)` is how workflows are read; awaiting is refused
  then(...children: WorkflowNode[]): Stage {
    return connect([this], children)
  }
}

/** Function specs on their way to become a process graph: what comes before what, and whose outputs go where. */
export class Workflow {
  readonly colonyname: string
  readonly #nodes = new Map<string, WorkflowNode>()

  constructor(colonyname: string) {
    this.colonyname = colonyname
  }

  /** Adds a node, named after its function when no name is given. @throws InvalidError when the name is taken */
  node(name: string, spec: FunctionSpec): WorkflowNode
  node(spec: FunctionSpec): WorkflowNode
  node(...[nameOrSpec, maybeSpec]: [string, FunctionSpec] | [FunctionSpec]): WorkflowNode {
    const spec = typeof nameOrSpec === 'string' ? (maybeSpec ?? {}) : nameOrSpec
    const name = typeof nameOrSpec === 'string' ? nameOrSpec : spec.nodename || this.#freeName(spec.funcname || 'node')
    if (this.#nodes.has(name)) throw new InvalidError(`This workflow has a node "${name}" already: give another name.`)
    const node = new WorkflowNode(this, name, spec)
    this.#nodes.set(name, node)
    return node
  }

  /**
   * @returns what is submitted
   * @throws InvalidError where the server would refuse it: no nodes, unknown dependencies, cycles, and so on
   */
  spec(): WorkflowSpec {
    const functionspecs = [...this.#nodes.values()].map((node) => this.#specOf(node))
    const spec = { colonyname: this.colonyname, functionspecs }
    checkWorkflow(spec)
    return spec
  }

  #specOf({ name, spec, parents }: WorkflowNode): FunctionSpec {
    const dependencies = new Set([...(spec.conditions?.dependencies ?? []), ...parents.map((parent) => parent.name)])
    const conditions = { ...spec.conditions, colonyname: this.colonyname, dependencies: [...dependencies] }
    return { ...spec, nodename: name, conditions }
  }

  #freeName(funcname: string): string {
    for (let count = 1; ; count++) {
      const name = count === 1 ? funcname : `${funcname}-${count}`
      if (!this.#nodes.has(name)) return name
    }
  }
}

/** Starts a workflow without nodes. */
export function workflow(colonyname: string): Workflow {
  return new Workflow(colonyname)
}

/** Lets one node start when all of several have succeeded. @returns the node; @throws InvalidError */
export function join(parents: readonly WorkflowNode[], child: WorkflowNode): WorkflowNode {
  connect(parents, [child])
  return child
}

function connect(parents: readonly WorkflowNode[], children: readonly WorkflowNode[]): Stage {
  for (const child of children) {
    if (!(child instanceof WorkflowNode)) {
      // What `await` and async functions do with everything that has a `then`.
      throw new InvalidError('A workflow node is no promise: do not await it, nor return it from an async function.')
    }
    for (const parent of parents) {
      if (parent.workflow !== child.workflow) {
        throw new InvalidError(`"${parent.name}" and "${child.name}" belong to different workflows.`)
      }
      if (!child.parents.includes(parent)) child.parents.push(parent)
    }
  }
  // biome-ignore lint/suspicious/noThenProperty: as in WorkflowNode
  return { nodes: children, then: (...next) => connect(children, next) }
}
