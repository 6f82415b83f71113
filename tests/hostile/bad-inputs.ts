import { badBlueprintInputs } from './bad-blueprint-inputs.js'
import { badFileInputs } from './bad-file-inputs.js'

/**
 * One thing put wrong into a request that is right otherwise: the field, what it is set to (undefined: it is left out), and
 * the answer. In fields and answers, words in capitals stand for ids: HELD, WAITING and DONE for processes, NODE for one in
 * GRAPH, NONE for an id of nothing.
 */
type BadInput = readonly [field: string, value: unknown, answer: string]

export interface BadInputs {
  payloadtype: string
  by: 'server' | 'owner' | 'ada' | 'user'
  right: object
  wrong: readonly BadInput[]
}

const colonyname = 'mill'
const notMember = '403 Access denied, not a member of Colony with name'
const nameless = '403 Access denied, the request names no colony: fill in its colonyname'
const keyId = 'must be 64 lower-case hex digits, such as `colonies key id` prints'
const int32 = 'must be an integer from -2147483648 to 2147483647'
const withoutQuotes = 'must be an integer, got a string: write it without quotes'
const size = 'must be a size such as 512Mi or 10Gi'
const hasNul = 'contains a NUL character, which cannot be stored: remove it'
const long = 'x'.repeat(256)

const node = (nodename: string, dependencies: string[]) => ({
  nodename,
  funcname: 'f',
  conditions: { executortype: 'cli', dependencies },
})

export const badInputs: readonly BadInputs[] = [
  ...badBlueprintInputs,
  ...badFileInputs,
  {
    payloadtype: 'submitfuncspecmsg',
    by: 'user',
    right: { spec: { funcname: 'f', conditions: { colonyname, executortype: 'cli' } } },
    wrong: [
      ['spec', undefined, nameless],
      ['spec', 'f', '400 spec must be an object, got a string'],
      ['spec.conditions.colonyname', 'nowhere', `${notMember} nowhere`],
      [
        'spec.conditions.executortype',
        long,
        '400 spec.conditions.executortype must have at most 255 characters, has 256',
      ],
      ['spec.conditions.executornames', 'ada', '400 spec.conditions.executornames must be a list, got a string'],
      ['spec.conditions.executornames', ['ada', ''], '400 spec.conditions.executornames[1] must not be empty'],
      ['spec.conditions.cpu', '2', '400 spec.conditions.cpu must be millicores such as 500m, got "2"'],
      ['spec.conditions.cpu', 2, '400 spec.conditions.cpu must be a string, got a number'],
      ['spec.conditions.mem', '1.5Gi', `400 spec.conditions.mem ${size}, got "1.5Gi"`],
      ['spec.conditions.mem', '99999999Ti', '400 spec.conditions.mem is too large: 99999999Ti'],
      ['spec.conditions.storage', '10gi', `400 spec.conditions.storage ${size}, got "10gi"`],
      ['spec.conditions.gpu', { mem: '40' }, `400 spec.conditions.gpu.mem ${size}, got "40"`],
      ['spec.priority', 50_001, '400 spec.priority is outside of the range [-50000, 50000]: 50001'],
      ['spec.priority', 1.5, '400 spec.priority must be an integer, got 1.5: write it without fraction and exponent'],
      ['spec.maxwaittime', '60', `400 spec.maxwaittime ${withoutQuotes}`],
      ['spec.maxexectime', 2 ** 31, `400 spec.maxexectime ${int32}, got 2147483648`],
      ['spec.args', { a: 1 }, '400 spec.args must be a list, got an object'],
      ['spec.kwargs', [1], '400 spec.kwargs must be an object, got a list'],
      ['spec.env', { LEVEL: 3 }, '400 spec.env.LEVEL must be a string, got a number'],
      ['spec.label', 'a\nb', '400 spec.label must not contain control characters'],
      ['spec.funcname', 'a\0b', `400 spec.funcname ${hasNul}`],
      ['spec.fs', { dirs: {} }, '400 spec.fs.dirs must be a list, got an object'],
      ['requestid', long, '400 requestid must have at most 255 characters'],
    ],
  },
  {
    payloadtype: 'assignprocessmsg',
    by: 'ada',
    right: { colonyname, timeout: -1 },
    wrong: [
      ['colonyname', '', nameless],
      ['colonyname', 'nowhere', `${notMember} nowhere`],
      [
        'timeout',
        undefined,
        '400 Invalid timeout value, timeout cannot be zero: it is the seconds to wait, or negative for an answer at once',
      ],
      ['timeout', '10', `400 timeout ${withoutQuotes}`],
      ['availablecpu', '4', '400 availablecpu must be millicores such as 500m, got "4"'],
      ['availablemem', '10', `400 availablemem ${size}, got "10"`],
      ['assignid', long, '400 assignid must have at most 255 characters'],
    ],
  },
  {
    payloadtype: 'closesuccessfulmsg',
    by: 'ada',
    right: { processid: 'HELD', out: [1] },
    wrong: [
      ['processid', undefined, '404 The request names no process: fill in its id'],
      ['processid', 'NONE', '404 Process with Id <NONE> not found'],
      ['processid', 'WAITING', '403 Failed to close process as successful, process is not assigned'],
      ['out', 'done', '400 out must be a list, got a string'],
      [
        'attempt',
        7,
        '403 Failed to close process as successful, not allowed to close process as successful: it is attempt 1 of yours now',
      ],
    ],
  },
  {
    payloadtype: 'closefailedmsg',
    by: 'ada',
    right: { processid: 'HELD', errors: ['no'] },
    wrong: [
      ['processid', 'DONE', '400 Tried to set successful process as failed'],
      ['errors', 'no', '400 errors must be a list, got a string'],
      ['errors', ['a\0b'], `400 errors[0] ${hasNul}`],
    ],
  },
  {
    payloadtype: 'getprocessesmsg',
    by: 'user',
    right: { colonyname, count: 10, state: 0 },
    wrong: [
      ['count', 101, '400 Count is larger than MaxCount limit <100>'],
      ['count', -1, '400 count must not be negative, got -1'],
      ['state', 5, '400 state must be 0 to 4, got 5'],
    ],
  },
  {
    payloadtype: 'getprocesshistmsg',
    by: 'user',
    right: { colonyname, seconds: 10, state: 0 },
    wrong: [
      ['seconds', -1, '400 seconds must not be negative, got -1'],
      ['state', -1, '400 state must be 0 to 4, got -1'],
    ],
  },
  {
    payloadtype: 'submitbatchmsg',
    by: 'user',
    right: { colonyname, items: [{ spec: { funcname: 'f', conditions: { executortype: 'cli' } } }] },
    wrong: [
      ['items', {}, '400 items must be a list, got an object'],
      ['items[0]', null, '400 items[0].spec must have a funcname and conditions.executortype'],
      ['items[0].spec.priority', -50_001, '400 items[0].spec.priority is outside of the range [-50000, 50000]: -50001'],
      ['items[0].spec.conditions.colonyname', 'dev', '400 items[0].spec.conditions.colonyname is another colony'],
    ],
  },
  {
    payloadtype: 'submitworkflowspecmsg',
    by: 'user',
    right: { spec: { colonyname, functionspecs: [node('a', []), node('b', ['a'])] } },
    wrong: [
      ['spec', undefined, nameless],
      ['spec.functionspecs', [], '400 A workflow must have at least one node in spec.functionspecs'],
      ['spec.functionspecs[1]', 'b', '400 spec.functionspecs[1] must be an object, got a string'],
      ['spec.functionspecs[1].nodename', '', '400 Nodename is missing: give spec.functionspecs[1] a nodename'],
      ['spec.functionspecs[1].nodename', 'a', '400 Duplicate nodename: a; each node needs a name of its own'],
      [
        'spec.functionspecs[1].conditions.dependencies',
        ['c'],
        '400 Node b depends on c, and no node has that nodename: invalid dependencies',
      ],
      [
        'spec.functionspecs[0].conditions.dependencies',
        ['b'],
        '400 The dependencies form a cycle: a -> b -> a; take one of them out',
      ],
      [
        'spec.functionspecs[1].priority',
        99_999,
        '400 spec.functionspecs[1].priority is outside of the range [-50000, 50000]: 99999',
      ],
      ['requestid', long, '400 requestid must have at most 255 characters'],
    ],
  },
  {
    payloadtype: 'addchildmsg',
    by: 'ada',
    right: {
      processgraphid: 'GRAPH',
      parentprocessid: 'NODE',
      spec: { funcname: 'f', nodename: 'c', conditions: { colonyname, executortype: 'cli' } },
    },
    wrong: [
      ['spec', null, nameless],
      ['processgraphid', 'NONE', '404 Process with Id <NODE> does not belong to the processgraph <NONE>'],
      ['parentprocessid', 'HELD', '404 Process with Id <HELD> does not belong to the processgraph <GRAPH>'],
      ['parentprocessid', 'NONE', '403 Process with Id <NONE> is not running'],
      ['childprocessid', 'NODE', '400 Process with Id <NODE> is not a waiting process of the processgraph <GRAPH>'],
      ['insert', 'yes', '400 insert must be true or false, got a string'],
    ],
  },
  {
    payloadtype: 'addexecutormsg',
    by: 'owner',
    right: { executor: { colonyname, executorid: 'NONE', executorname: 'new', executortype: 'cli' } },
    wrong: [
      ['executor', undefined, nameless],
      ['executor.executorname', '', '400 executor.executorname must not be empty'],
      ['executor.executorname', 'a:b', '400 executor.executorname must not contain a colon: "a:b"'],
      ['executor.executorname', ' a', '400 executor.executorname must not begin or end with a blank'],
      ['executor.executorname', 'ada', '400 Executor with name <ada> in Colony <mill> already exists'],
      ['executor.executorid', 'short', `400 executor.executorid ${keyId}`],
      ['executor.executorid', 'A'.repeat(64), `400 executor.executorid ${keyId}`],
      ['executor.locationname', 'a\tb', '400 executor.locationname must not contain control characters'],
      ['executor.capabilities', { hardware: {} }, '400 executor.capabilities.hardware must be a list, got an object'],
      [
        'executor.commissiontime',
        'today',
        '400 executor.commissiontime must be a time such as 2026-11-21T00:10:56.623085Z (RFC 3339)',
      ],
    ],
  },
  {
    payloadtype: 'approveexecutormsg',
    by: 'owner',
    right: { colonyname, executorname: 'pending' },
    wrong: [
      ['executorname', 'nobody', '404 Executor with name <nobody> not found'],
      ['executorname', 7, '400 executorname must be a string, got a number'],
    ],
  },
  {
    payloadtype: 'addusermsg',
    by: 'owner',
    right: { user: { colonyname, userid: 'NONE', name: 'new' } },
    wrong: [
      ['user', [], '400 user must be an object, got a list'],
      ['user.name', '', '400 user.name must not be empty'],
      ['user.name', 'me', '400 A user with name <me> already exists in Colony with name <mill>'],
      ['user.userid', '', `400 user.userid ${keyId}`],
      ['user.email', long, '400 user.email must have at most 255 characters, has 256'],
    ],
  },
  {
    payloadtype: 'addlogmsg',
    by: 'ada',
    right: { processid: 'HELD', message: 'a line' },
    wrong: [
      ['processid', 'DONE', '403 The process is not running, it is successful'],
      ['message', 7, '400 message must be a string, got a number'],
      ['message', 'a\0b', `400 message ${hasNul}`],
    ],
  },
  {
    payloadtype: 'getlogsmsg',
    by: 'user',
    right: { colonyname, processid: 'HELD', count: 10 },
    wrong: [
      ['processid', '', '400 Whose logs? Fill in processid or executorname'],
      ['executorname', 'nobody', '404 Failed to get logs, executor with name <nobody> not found'],
      ['count', -1, '400 count must not be negative, got -1'],
      ['since', '0', `400 since ${withoutQuotes}`],
      ['latest', 1, '400 latest must be true or false, got a number'],
    ],
  },
  {
    payloadtype: 'addattributemsg',
    by: 'ada',
    right: { attribute: { targetid: 'HELD', attributetype: 1, key: 'k', value: 'v' } },
    wrong: [
      ['attribute.targetid', 'NONE', '404 Process with Id <NONE> not found'],
      ['attribute.targetid', 'WAITING', '403 The process is not running, it is waiting'],
      ['attribute.key', '', '400 attribute.key must not be empty'],
      ['attribute.key', 'known', '400 An attribute with key <known> and type 1 already exists; remove it first'],
      ['attribute.value', 7, '400 attribute.value must be a string, got a number'],
      ['attribute.attributetype', 'out', `400 attribute.attributetype ${withoutQuotes}`],
    ],
  },
  {
    payloadtype: 'addfunctionmsg',
    by: 'ada',
    right: { fun: { colonyname, executorname: 'ada', funcname: 'g' } },
    wrong: [
      [
        'fun.executorname',
        undefined,
        '403 Access denied, not allowed to add a function to another executor: fun.executorname must be your own',
      ],
      ['fun.funcname', '', '400 fun.funcname must not be empty'],
      ['fun.functionid', 'x', '400 fun.functionid must be 64 lower-case hex digits, or empty for a new one'],
      ['fun.args', [{ name: 1 }], '400 fun.args[0].name must be a string, got a number'],
    ],
  },
  {
    payloadtype: 'addcolonymsg',
    by: 'server',
    right: { colony: { colonyid: 'NONE', name: 'new' } },
    wrong: [
      ['colony.name', 'mill', '400 A Colony with name <mill> already exists'],
      ['colony.name', 'a:b', '400 colony.name must not contain a colon: "a:b"'],
      ['colony.colonyid', undefined, `400 colony.colonyid ${keyId}`],
    ],
  },
  {
    payloadtype: 'subscribeprocessmsg',
    by: 'user',
    right: { processid: 'WAITING', state: 0, timeout: 0 },
    wrong: [
      ['processid', 'NONE', '404 Process with Id <NONE> not found'],
      ['state', 9, '400 state must be 0 to 4, got 9'],
      ['timeout', '5', `400 timeout ${withoutQuotes}`],
    ],
  },
]
