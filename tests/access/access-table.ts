/**
 * Who may do what, written by hand: the roles of the original server (server owner, colony owner, approved member, any
 * member, assigned executor), and Appendix A of the paper for what the original lacks. Where the two differ, the original's
 * rule stands: `getcoloniesmsg` is the server owner's, `removeprocessmsg` any member's. Ours are two rules more:
 * a rejected or removed executor has no rights at all, and what is missing looks like what is forbidden.
 *
 * - `ok`: carried out.
 * - `403`: access denied.
 * - `404`: the caller is a member elsewhere, and what it names is in none of its colonies.
 * - `item`: the request is let in, and its only item is refused with 403.
 *
 * `approved` names itself where an operation names an executor, and holds the process where one has to be held.
 */
const table = `
                             nobody server owner approved pending rejected user other stranger

# Anyone; nobody has to sign.
versionmsg                   ok     ok     ok    ok       ok      ok       ok   ok    ok
getserverinfomsg             ok     ok     ok    ok       ok      ok       ok   ok    ok

# Server owner.
addcolonymsg                 403    ok     403   403      403     403      403  403   403
removecolonymsg              403    ok     403   403      403     403      403  403   403
getcoloniesmsg               403    ok     403   403      403     403      403  403   403
getstatisticsmsg             403    ok     403   403      403     403      403  403   403
getclustermsg                403    ok     403   403      403     403      403  403   403
changeserveridmsg            403    ok     403   403      403     403      403  403   403

# Colony owner, who is no member: it may read nothing.
addusermsg                   403    403    ok    403      403     403      403  403   403
removeusermsg                403    403    ok    403      403     403      403  403   403
addlocationmsg               403    403    ok    403      403     403      403  403   403
removelocationmsg            403    403    ok    403      403     403      403  403   403
addexecutormsg               403    403    ok    403      403     403      403  403   403
approveexecutormsg           403    403    ok    403      403     403      403  403   403
rejectexecutormsg            403    403    ok    403      403     403      403  403   403
removeexecutormsg            403    403    ok    403      403     403      403  403   403
changecolonyidmsg            403    403    ok    403      403     403      403  403   403
pauseassignmentsmsg          403    403    ok    403      403     403      403  403   403
resumeassignmentsmsg         403    403    ok    403      403     403      403  403   403
removeallprocessesmsg        403    403    ok    403      403     403      403  403   403
removeallprocessgraphsmsg    403    403    ok    403      403     403      403  403   403
addblueprintdefinitionmsg    403    403    ok    403      403     403      403  403   403
removeblueprintdefinitionmsg 403    403    ok    403      403     403      403  403   403

# Colony owner and approved members. (The original does not let the owner reconcile, nor report a status.)
getblueprintdefinitionmsg    403    403    ok    ok       403     403      ok   403   403
getblueprintdefinitionsmsg   403    403    ok    ok       403     403      ok   403   403
addblueprintmsg              403    403    ok    ok       403     403      ok   403   403
getblueprintmsg              403    403    ok    ok       403     403      ok   403   403
getblueprintsmsg             403    403    ok    ok       403     403      ok   403   403
updateblueprintmsg           403    403    ok    ok       403     403      ok   403   403
updateblueprintstatusmsg     403    403    ok    ok       403     403      ok   403   403
removeblueprintmsg           403    403    ok    ok       403     403      ok   403   403
getblueprinthistorymsg       403    403    ok    ok       403     403      ok   404   403
reconcileblueprintmsg        403    403    ok    ok       403     403      ok   403   403

# Any member: users, executors that are approved or pending.
getusersmsg                  403    403    403   ok       ok      403      ok   403   403
getusermsg                   403    403    403   ok       ok      403      ok   403   403
getuserbyidmsg               403    403    403   ok       ok      403      ok   403   403
getexecutorsmsg              403    403    403   ok       ok      403      ok   403   403
getlocationsmsg              403    403    403   ok       ok      403      ok   403   403
getlocationmsg               403    403    403   ok       ok      403      ok   403   403
getpausestatusmsg            403    403    403   ok       ok      403      ok   403   403

# Any member, about itself only.
reportallocationmsg          403    403    403   ok       ok      403      403  403   403
updateexecutormsg            403    403    403   ok       ok      403      403  403   403
changeexecutoridmsg          403    403    403   ok       ok      403      403  403   403
changeuseridmsg              403    403    403   403      403     403      ok   403   403

# Approved members: users, approved executors.
getcolonymsg                 403    403    403   ok       403     403      ok   403   403
getcolonystatsmsg            403    403    403   ok       403     403      ok   403   403
getexecutormsg               403    403    403   ok       403     403      ok   403   403
getexecutorbyidmsg           403    403    403   ok       403     403      ok   404   403
getfunctionsmsg              403    403    403   ok       403     403      ok   403   403
getfunctionsbyexecutormsg    403    403    403   ok       403     403      ok   403   403
getattributemsg              403    403    403   ok       403     403      ok   404   403
getlogsmsg                   403    403    403   ok       403     403      ok   403   403
searchlogsmsg                403    403    403   ok       403     403      ok   403   403
submitfuncspecmsg            403    403    403   ok       403     403      ok   403   403
submitbatchmsg               403    403    403   ok       403     403      ok   403   403
getprocessmsg                403    403    403   ok       403     403      ok   404   403
getprocesseventsmsg          403    403    403   ok       403     403      ok   404   403
getprocessesmsg              403    403    403   ok       403     403      ok   403   403
getprocesshistmsg            403    403    403   ok       403     403      ok   403   403
cancelprocessmsg             403    403    403   ok       403     403      ok   404   403
removeprocessmsg             403    403    403   ok       403     403      ok   404   403
submitworkflowspecmsg        403    403    403   ok       403     403      ok   403   403
getprocessgraphmsg           403    403    403   ok       403     403      ok   404   403
getprocessgraphsmsg          403    403    403   ok       403     403      ok   403   403
cancelprocessgraphmsg        403    403    403   ok       403     403      ok   404   403
removeprocessgraphmsg        403    403    403   ok       403     403      ok   404   403
addcronmsg                   403    403    403   ok       403     403      ok   403   403
getcronmsg                   403    403    403   ok       403     403      ok   404   403
getcronsmsg                  403    403    403   ok       403     403      ok   403   403
runcronmsg                   403    403    403   ok       403     403      ok   404   403
removecronmsg                403    403    403   ok       403     403      ok   404   403
addgeneratormsg              403    403    403   ok       403     403      ok   403   403
getgeneratormsg              403    403    403   ok       403     403      ok   404   403
resolvegeneratormsg          403    403    403   ok       403     403      ok   403   403
getgeneratorsmsg             403    403    403   ok       403     403      ok   403   403
packgeneratormsg             403    403    403   ok       403     403      ok   404   403
packgeneratormanymsg         403    403    403   ok       403     403      ok   404   403
removegeneratormsg           403    403    403   ok       403     403      ok   404   403

# The embedded object store.
getstoremsg                  403    403    403   ok       403     403      ok   403   403
# Approved members; the colony owner reads no files either.
addfilemsg                   403    403    403   ok       403     403      ok   403   403
getfilemsg                   403    403    403   ok       403     403      ok   403   403
getfilesmsg                  403    403    403   ok       403     403      ok   403   403
getfilelabelsmsg             403    403    403   ok       403     403      ok   403   403
getfiletreemsg               403    403    403   ok       403     403      ok   403   403
removefilemsg                403    403    403   ok       403     403      ok   403   403
removefiletreemsg            403    403    403   ok       403     403      ok   403   403
createsnapshotmsg            403    403    403   ok       403     403      ok   403   403
getsnapshotmsg               403    403    403   ok       403     403      ok   403   403
getsnapshotsmsg              403    403    403   ok       403     403      ok   403   403
getsnapshotfilesmsg          403    403    403   ok       403     403      ok   403   403
removesnapshotmsg            403    403    403   ok       403     403      ok   403   403
removeallsnapshotmsg         403    403    403   ok       403     403      ok   403   403

# Approved executors.
assignprocessmsg             403    403    403   ok       403     403      403  403   403
assignbatchmsg               403    403    403   ok       403     403      403  403   403
heartbeatmsg                 403    403    403   ok       403     403      403  403   403

# Approved executors, about themselves only.
addexecutorlogmsg            403    403    403   ok       403     403      403  403   403
addfunctionmsg               403    403    403   ok       403     403      403  403   403
removefunctionmsg            403    403    403   ok       403     403      403  404   403

# The approved executor that holds the process.
closesuccessfulmsg           403    403    403   ok       403     403      403  404   403
closefailedmsg               403    403    403   ok       403     403      403  404   403
closebatchmsg                403    403    403   ok       403     403      item 403   403
setoutputmsg                 403    403    403   ok       403     403      403  404   403
unassignprocessmsg           403    403    403   ok       403     403      403  404   403
addlogmsg                    403    403    403   ok       403     403      403  404   403
addattributemsg              403    403    403   ok       403     403      403  404   403
removeattributemsg           403    403    403   ok       403     403      403  404   403
addchildmsg                  403    403    403   ok       403     403      403  403   403

# Approved members, by WebSocket.
subscribeprocessmsg          403    403    403   ok       403     403      ok   404   403
subscribeprocessesmsg        403    403    403   ok       403     403      ok   403   403
subscribeattributemsg        403    403    403   ok       403     403      ok   404   403

# Approved members, for a process that they submitted or hold.
channelappendmsg             403    403    403   ok       403     403      ok   404   403
channelreadmsg               403    403    403   ok       403     403      ok   404   403
getchannelsmsg               403    403    403   ok       403     403      ok   404   403
subscribechannelmsg          403    403    403   ok       403     403      ok   404   403
`

export const columns = [
  'nobody',
  'server',
  'owner',
  'approved',
  'pending',
  'rejected',
  'user',
  'other',
  'stranger',
] as const
export type Column = (typeof columns)[number]

const cells = ['ok', '403', '404', 'item'] as const
export type Cell = (typeof cells)[number]

export interface Row {
  payloadtype: string
  cells: Record<Column, Cell>
}

export const accessTable: readonly Row[] = readTable()

function readTable(): Row[] {
  const lines = table.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const [head = [], ...rows] = lines.map((line) => line.trim().split(/\s+/))
  if (head.join() !== columns.join()) throw new Error(`The columns of the access table are ${head.join(' ')}.`)
  return rows.map(([payloadtype = '', ...row]) => {
    if (row.length !== columns.length) throw new Error(`The row of ${payloadtype} has ${row.length} cells.`)
    const entries = columns.map((column, place) => [column, cellOf(row[place])] as const)
    return { payloadtype, cells: Object.fromEntries(entries) as Record<Column, Cell> }
  })
}

function cellOf(text: string | undefined): Cell {
  const cell = cells.find((one) => one === text)
  if (!cell) throw new Error(`The access table has a cell "${text}".`)
  return cell
}
