/** Bounds of the protocol. Nothing that a caller sends, waits for or reads is without one. */
export const limits = {
  /** Bytes of one request body: base64 twice over makes 18.7 million bytes of the largest channel message. */
  bodyBytesMax: 20 * 1024 * 1024,
  /**
   * Bytes of all specs, inputs, outputs and attributes of one list of processes, or of one assign of many, about; also of
   * the texts of one list of executors, functions, locations or logs, which ends there.
   */
  listBytesMax: 64 * 1024 * 1024,
  /** Bytes of the outputs of all parents of one process; with more, it fails instead of being assigned. */
  inputBytesMax: 64 * 1024 * 1024,
  /** How deep JSON may nest. */
  jsonDepthMax: 200,
  /** Characters of a name (colony, user, executor, location, node, label, ...). */
  nameLengthMax: 255,
  /** Seconds for which one assign may hang. */
  assignHoldSecondsMax: 3600,
  /** Seconds for which one subscription lives. */
  subscriptionSecondsMax: 86_400,
  /** Rows of one list of processes or graphs. */
  listCountMax: 100,
  /** Rows of one history of processes. */
  historyCountMax: 1000,
  /** Rows of one history of one process. */
  eventCountMax: 10_000,
  /** Nodes of all graphs of one list of graphs. */
  graphListNodesMax: 500_000,
  /** Processes of one batched assign. */
  assignBatchMax: 100,
  /** Rows of one list of the directory (executors, users, functions, ...). */
  directoryCountMax: 10_000,
  /** Rows of one reading of logs. */
  logCountMax: 500,
  /** Rows and days of one search of logs. */
  logSearchCountMax: 100,
  logSearchDaysMax: 30,
  /** Bytes of one log message. */
  logBytesMax: 1024 * 1024,
  /** Priority lies between minus this and this; one step is one day. */
  priorityMax: 50_000,
  /** Characters of one cron expression. */
  cronExpressionLengthMax: 1000,
  /** Seconds by which a cron may run late; a planned time that is later counts as missed. */
  cronLateSeconds: 5,
  /** Seconds for which missed times of a cron with `catchup` are made up for. */
  cronCatchupSeconds: 86_400,
  /** Bytes that the nodes of one run of a cron may get from the run before. */
  cronInputBytesMax: 16 * 1024 * 1024,
  /** Arguments of one graph of a generator. */
  generatorTriggerMax: 10_000,
  /** Bytes of one packed argument; less where those of one graph would be more than `generatorInputBytesMax`. */
  generatorArgBytesMax: 1024 * 1024,
  /** Bytes that the roots of one graph of a generator may get, arguments times roots. */
  generatorInputBytesMax: 16 * 1024 * 1024,
  /** Arguments that may wait for one generator, and their bytes. */
  generatorQueueMax: 100_000,
  generatorQueueBytesMax: 256 * 1024 * 1024,
  /** Bytes of the workflows in one list of crons or generators; a list ends before it. */
  workflowListBytesMax: 16 * 1024 * 1024,
  /** Nodes of one workflow. */
  workflowNodesMax: 100_000,
  /** Dependencies of all nodes of one workflow. */
  workflowDependenciesMax: 300_000,
  /** Dependencies of one node, and children added to one node. */
  dependenciesMax: 10_000,
  /** Items of one batched operation. */
  batchItemsMax: 1000,
  /** Names in `conditions.executornames`. */
  executorNamesMax: 1000,
  /** Channels of one process. */
  channelsMax: 100,
  /** Entries of one channel. */
  channelEntriesMax: 10_000,
  /** Bytes of the payload of one entry of a channel, decoded. */
  channelPayloadBytesMax: 10 * 1024 * 1024,
  /** Bytes of the payloads of all channels of one process. */
  channelBytesMax: 1024 * 1024 * 1024,
  /** Bytes of the payloads that one reading of a channel gives; one entry comes in any case. */
  channelReadBytesMax: 10 * 1024 * 1024,
  /** Appends of one sender to the channels of one process that one replica takes at once, and how many more each second. */
  channelAppendBurst: 500,
  channelAppendsPerSecond: 100,
  /** Seconds for which a channel is subscribed to where none are said. */
  channelSubscriptionSeconds: 30,
  /** Bytes of the capabilities or allocations of one executor. */
  capabilitiesBytesMax: 256 * 1024,
  /** Bytes of the description of one location or function, and of the arguments of one function. */
  descriptionBytesMax: 64 * 1024,
  /** Process ids of one heartbeat. */
  heartbeatProcessesMax: 10_000,
  /** Programs under the identity of one executor, with those that ended within the last twenty minutes. */
  executorInstancesMax: 10_000,
  /** Attributes of one process, and the bytes of their keys and values. */
  attributesMax: 10_000,
  attributeBytesMax: 20 * 1024 * 1024,
  /** Bytes of the label of a file, and of the key of its object. */
  fileLabelBytesMax: 1024,
  /** Bytes of the name of a file, as in file systems. */
  fileNameBytesMax: 255,
  /** Rows of one list of files of a label, or of labels. */
  fileCountMax: 20_000,
  /** Rows of one list of files of a tree or snapshot, and revisions of one removal of a tree. */
  fileTreeCountMax: 1000,
  /** Rows of one list of revisions of a file. */
  fileRevisionCountMax: 1000,
  /** Files of one snapshot; also all files in one list of snapshots, unless it is of one. */
  snapshotFilesMax: 100_000,
  /** Rows of one list of snapshots. */
  snapshotCountMax: 1000,
  /** Bytes of the `spec` or of the `status` of one blueprint. */
  blueprintBytesMax: 1024 * 1024,
  /** Bytes of one blueprint definition without its schema, and of the labels and annotations of one blueprint. */
  blueprintMetadataBytesMax: 64 * 1024,
  /** Bytes of the schema of one blueprint definition. */
  blueprintSchemaBytesMax: 256 * 1024,
  /** Bytes of one page of blueprints or blueprint definitions, beyond its first. */
  blueprintPageBytesMax: 8 * 1024 * 1024,
  /** Generations kept of one blueprint. */
  blueprintHistoryMax: 100,
  /** Processes that wait to reconcile one blueprint; a further update is left to them. */
  blueprintProcessesMax: 10,
  /** Steps of checking one spec against its schema: one for each place and rule, one for each character and pattern state. */
  schemaStepsMax: 1_000_000,
  /** How deep rules of a schema may lead to each other for one spec. */
  schemaDepthMax: 500,
  /** Subscriptions on one connection. */
  subscriptionsPerConnectionMax: 100,
} as const
