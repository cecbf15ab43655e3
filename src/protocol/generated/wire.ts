/**
 * flatc's accessors.
 * Generated from schemas/cambium.fbs by scripts/generate-protocol.ts; never edited.
 */
import * as flatbuffers from "flatbuffers";

export const Durability = {
  Disk: 0,
  Os: 1,
  Memory: 2
} as const;
export type Durability = (typeof Durability)[keyof typeof Durability];

export const Start = {
  Offset: 0,
  Earliest: 1,
  Latest: 2,
  Timestamp: 3
} as const;
export type Start = (typeof Start)[keyof typeof Start];

export const Body = {
  NONE: 0,
  Hello: 1,
  Welcome: 2,
  Window: 3,
  WindowAck: 4,
  WindowRequest: 5,
  Goodbye: 6,
  Error: 7,
  Done: 8,
  StatsRequest: 9,
  StatsResult: 10,
  CreateTopic: 11,
  DeleteTopic: 12,
  AlterTopic: 13,
  DescribeTopics: 14,
  TopicsResult: 15,
  InitProducer: 16,
  InitProducerResult: 17,
  Produce: 18,
  ProduceBegin: 19,
  ProduceGrant: 20,
  ProducePart: 21,
  ProduceAck: 22,
  ListOffset: 23,
  ListOffsetResult: 24,
  Fetch: 25,
  Subscribe: 26,
  SubscribeResult: 27,
  Credit: 28,
  Unsubscribe: 29,
  Data: 30,
  SubscriptionEnd: 31,
  ProduceProgress: 32
} as const;
export type Body = (typeof Body)[keyof typeof Body];

/**
 * Sixteen bytes in network order, as in RFC 9562.
 */
export class Uuid {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Uuid {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

bytes(index: number):number|null {
    return this.bb!.readUint8(this.bb_pos + 0 + index);
}

static sizeOf():number {
  return 16;
}

static createUuid(builder:flatbuffers.Builder, bytes: ArrayLike<number>):flatbuffers.Offset {
  builder.prep(1, 16);

  for (let i = 15; i >= 0; --i) {
    builder.writeInt8((bytes?.[i] ?? 0));

  }

  return builder.offset();
}

}

export class Setting {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Setting {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSetting(bb:flatbuffers.ByteBuffer, obj?:Setting):Setting {
  return (obj || new Setting()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSetting(bb:flatbuffers.ByteBuffer, obj?:Setting):Setting {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Setting()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

key():string
key(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
key(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

value():string
value(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
value(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

static startSetting(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addKey(builder:flatbuffers.Builder, keyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, keyOffset, 0);
}

static addValue(builder:flatbuffers.Builder, valueOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, valueOffset, 0);
}

static endSetting(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // key
  builder.requiredField(offset, 6) // value
  return offset;
}

static createSetting(builder:flatbuffers.Builder, keyOffset:flatbuffers.Offset, valueOffset:flatbuffers.Offset):flatbuffers.Offset {
  Setting.startSetting(builder);
  Setting.addKey(builder, keyOffset);
  Setting.addValue(builder, valueOffset);
  return Setting.endSetting(builder);
}
}

/**
 * First frame of every connection.
 */
export class Hello {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Hello {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsHello(bb:flatbuffers.ByteBuffer, obj?:Hello):Hello {
  return (obj || new Hello()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsHello(bb:flatbuffers.ByteBuffer, obj?:Hello):Hello {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Hello()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * Highest protocol version the client speaks.
 */
version():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

/**
 * Bits the client understands.
 */
features():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint64(this.bb_pos + offset) : BigInt('0');
}

/**
 * Name and version, for logs and stats.
 */
client():string|null
client(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
client(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * Bytes of produced batches it would like to have unacknowledged; 0: as few as anybody may, until it asks (WindowRequest).
 */
window():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * How `credentials` are to be read; empty: anonymous.
 */
mechanism():string|null
mechanism(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
mechanism(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

credentials(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

credentialsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

credentialsArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

static startHello(builder:flatbuffers.Builder) {
  builder.startObject(6);
}

static addVersion(builder:flatbuffers.Builder, version:number) {
  builder.addFieldInt16(0, version, 0);
}

static addFeatures(builder:flatbuffers.Builder, features:bigint) {
  builder.addFieldInt64(1, features, BigInt('0'));
}

static addClient(builder:flatbuffers.Builder, clientOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, clientOffset, 0);
}

static addWindow(builder:flatbuffers.Builder, window:number) {
  builder.addFieldInt32(3, window, 0);
}

static addMechanism(builder:flatbuffers.Builder, mechanismOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, mechanismOffset, 0);
}

static addCredentials(builder:flatbuffers.Builder, credentialsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, credentialsOffset, 0);
}

static createCredentialsVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startCredentialsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endHello(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createHello(builder:flatbuffers.Builder, version:number, features:bigint, clientOffset:flatbuffers.Offset, window:number, mechanismOffset:flatbuffers.Offset, credentialsOffset:flatbuffers.Offset):flatbuffers.Offset {
  Hello.startHello(builder);
  Hello.addVersion(builder, version);
  Hello.addFeatures(builder, features);
  Hello.addClient(builder, clientOffset);
  Hello.addWindow(builder, window);
  Hello.addMechanism(builder, mechanismOffset);
  Hello.addCredentials(builder, credentialsOffset);
  return Hello.endHello(builder);
}
}

export class Welcome {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Welcome {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsWelcome(bb:flatbuffers.ByteBuffer, obj?:Welcome):Welcome {
  return (obj || new Welcome()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsWelcome(bb:flatbuffers.ByteBuffer, obj?:Welcome):Welcome {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Welcome()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * The version both sides speak from here on.
 */
version():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

features():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint64(this.bb_pos + offset) : BigInt('0');
}

clusterId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

nodeId():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

/**
 * Raised at every start (contract A4).
 */
incarnation():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

broker():string|null
broker(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
broker(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

principal():string|null
principal(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
principal(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

/**
 * Bytes of produced batches that may be unacknowledged; each batch counts 512 more than it has.
 */
window():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Larger frames close the connection.
 */
frameBytesMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Larger batches travel in parts.
 */
batchBytesInlineMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startWelcome(builder:flatbuffers.Builder) {
  builder.startObject(10);
}

static addVersion(builder:flatbuffers.Builder, version:number) {
  builder.addFieldInt16(0, version, 0);
}

static addFeatures(builder:flatbuffers.Builder, features:bigint) {
  builder.addFieldInt64(1, features, BigInt('0'));
}

static addClusterId(builder:flatbuffers.Builder, clusterIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(2, clusterIdOffset, 0);
}

static addNodeId(builder:flatbuffers.Builder, nodeId:number) {
  builder.addFieldInt32(3, nodeId, 0);
}

static addIncarnation(builder:flatbuffers.Builder, incarnation:number) {
  builder.addFieldInt32(4, incarnation, 0);
}

static addBroker(builder:flatbuffers.Builder, brokerOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, brokerOffset, 0);
}

static addPrincipal(builder:flatbuffers.Builder, principalOffset:flatbuffers.Offset) {
  builder.addFieldOffset(6, principalOffset, 0);
}

static addWindow(builder:flatbuffers.Builder, window:number) {
  builder.addFieldInt32(7, window, 0);
}

static addFrameBytesMax(builder:flatbuffers.Builder, frameBytesMax:number) {
  builder.addFieldInt32(8, frameBytesMax, 0);
}

static addBatchBytesInlineMax(builder:flatbuffers.Builder, batchBytesInlineMax:number) {
  builder.addFieldInt32(9, batchBytesInlineMax, 0);
}

static endWelcome(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 8) // cluster_id
  return offset;
}

}

/**
 * The broker changes the window. A smaller one counts from the client's WindowAck on, or from 30 seconds later; sooner, where many
 * are so slow.
 */
export class Window {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Window {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsWindow(bb:flatbuffers.ByteBuffer, obj?:Window):Window {
  return (obj || new Window()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsWindow(bb:flatbuffers.ByteBuffer, obj?:Window):Window {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Window()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

window():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startWindow(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addWindow(builder:flatbuffers.Builder, window:number) {
  builder.addFieldInt32(0, window, 0);
}

static endWindow(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createWindow(builder:flatbuffers.Builder, window:number):flatbuffers.Offset {
  Window.startWindow(builder);
  Window.addWindow(builder, window);
  return Window.endWindow(builder);
}
}

export class WindowAck {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):WindowAck {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsWindowAck(bb:flatbuffers.ByteBuffer, obj?:WindowAck):WindowAck {
  return (obj || new WindowAck()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsWindowAck(bb:flatbuffers.ByteBuffer, obj?:WindowAck):WindowAck {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new WindowAck()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

window():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startWindowAck(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addWindow(builder:flatbuffers.Builder, window:number) {
  builder.addFieldInt32(0, window, 0);
}

static endWindowAck(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createWindowAck(builder:flatbuffers.Builder, window:number):flatbuffers.Offset {
  WindowAck.startWindowAck(builder);
  WindowAck.addWindow(builder, window);
  return WindowAck.endWindowAck(builder);
}
}

/**
 * The client has more to send than its window allows.
 */
export class WindowRequest {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):WindowRequest {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsWindowRequest(bb:flatbuffers.ByteBuffer, obj?:WindowRequest):WindowRequest {
  return (obj || new WindowRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsWindowRequest(bb:flatbuffers.ByteBuffer, obj?:WindowRequest):WindowRequest {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new WindowRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

window():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startWindowRequest(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addWindow(builder:flatbuffers.Builder, window:number) {
  builder.addFieldInt32(0, window, 0);
}

static endWindowRequest(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createWindowRequest(builder:flatbuffers.Builder, window:number):flatbuffers.Offset {
  WindowRequest.startWindowRequest(builder);
  WindowRequest.addWindow(builder, window);
  return WindowRequest.endWindowRequest(builder);
}
}

/**
 * The broker is about to close this connection; nothing new will be accepted on it.
 */
export class Goodbye {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Goodbye {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsGoodbye(bb:flatbuffers.ByteBuffer, obj?:Goodbye):Goodbye {
  return (obj || new Goodbye()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsGoodbye(bb:flatbuffers.ByteBuffer, obj?:Goodbye):Goodbye {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Goodbye()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

error(obj?:Error):Error|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new Error()).__init(this.bb!.__indirect(this.bb_pos + offset), this.bb!) : null;
}

static startGoodbye(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addError(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, errorOffset, 0);
}

static endGoodbye(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // error
  return offset;
}

static createGoodbye(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset):flatbuffers.Offset {
  Goodbye.startGoodbye(builder);
  Goodbye.addError(builder, errorOffset);
  return Goodbye.endGoodbye(builder);
}
}

export class Error {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Error {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsError(bb:flatbuffers.ByteBuffer, obj?:Error):Error {
  return (obj || new Error()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsError(bb:flatbuffers.ByteBuffer, obj?:Error):Error {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Error()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * The number in src/base/errors.ts.
 */
code():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt16(this.bb_pos + offset) : 0;
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

retriable():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

message():string
message(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
message(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

/**
 * CORRUPT_BATCH: the next offset that can be read; -1: not said.
 */
nextOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

static startError(builder:flatbuffers.Builder) {
  builder.startObject(9);
}

static addCode(builder:flatbuffers.Builder, code:number) {
  builder.addFieldInt16(0, code, 0);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, nameOffset, 0);
}

static addRetriable(builder:flatbuffers.Builder, retriable:boolean) {
  builder.addFieldInt8(2, +retriable, +false);
}

static addMessage(builder:flatbuffers.Builder, messageOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, messageOffset, 0);
}

static addNextOffset(builder:flatbuffers.Builder, nextOffset:bigint) {
  builder.addFieldInt64(4, nextOffset, BigInt('-1'));
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(5, logStartOffset, BigInt('-1'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(6, highWatermark, BigInt('-1'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(7, lastStableOffset, BigInt('-1'));
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(8, leaderEpoch, -1);
}

static endError(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 6) // name
  builder.requiredField(offset, 10) // message
  return offset;
}

static createError(builder:flatbuffers.Builder, code:number, nameOffset:flatbuffers.Offset, retriable:boolean, messageOffset:flatbuffers.Offset, nextOffset:bigint, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint, leaderEpoch:number):flatbuffers.Offset {
  Error.startError(builder);
  Error.addCode(builder, code);
  Error.addName(builder, nameOffset);
  Error.addRetriable(builder, retriable);
  Error.addMessage(builder, messageOffset);
  Error.addNextOffset(builder, nextOffset);
  Error.addLogStartOffset(builder, logStartOffset);
  Error.addHighWatermark(builder, highWatermark);
  Error.addLastStableOffset(builder, lastStableOffset);
  Error.addLeaderEpoch(builder, leaderEpoch);
  return Error.endError(builder);
}
}

export class StatsRequest {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):StatsRequest {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsStatsRequest(bb:flatbuffers.ByteBuffer, obj?:StatsRequest):StatsRequest {
  return (obj || new StatsRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsStatsRequest(bb:flatbuffers.ByteBuffer, obj?:StatsRequest):StatsRequest {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new StatsRequest()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static startStatsRequest(builder:flatbuffers.Builder) {
  builder.startObject(0);
}

static endStatsRequest(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createStatsRequest(builder:flatbuffers.Builder):flatbuffers.Offset {
  StatsRequest.startStatsRequest(builder);
  return StatsRequest.endStatsRequest(builder);
}
}

export class StatsResult {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):StatsResult {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsStatsResult(bb:flatbuffers.ByteBuffer, obj?:StatsResult):StatsResult {
  return (obj || new StatsResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsStatsResult(bb:flatbuffers.ByteBuffer, obj?:StatsResult):StatsResult {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new StatsResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

json():string
json(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
json(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

static startStatsResult(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addJson(builder:flatbuffers.Builder, jsonOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, jsonOffset, 0);
}

static endStatsResult(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // json
  return offset;
}

static createStatsResult(builder:flatbuffers.Builder, jsonOffset:flatbuffers.Offset):flatbuffers.Offset {
  StatsResult.startStatsResult(builder);
  StatsResult.addJson(builder, jsonOffset);
  return StatsResult.endStatsResult(builder);
}
}

export class CreateTopic {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):CreateTopic {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsCreateTopic(bb:flatbuffers.ByteBuffer, obj?:CreateTopic):CreateTopic {
  return (obj || new CreateTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsCreateTopic(bb:flatbuffers.ByteBuffer, obj?:CreateTopic):CreateTopic {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new CreateTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

partitions():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 1;
}

settings(index: number, obj?:Setting):Setting|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? (obj || new Setting()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

settingsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

validateOnly():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startCreateTopic(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static addPartitions(builder:flatbuffers.Builder, partitions:number) {
  builder.addFieldInt32(1, partitions, 1);
}

static addSettings(builder:flatbuffers.Builder, settingsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, settingsOffset, 0);
}

static createSettingsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSettingsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addValidateOnly(builder:flatbuffers.Builder, validateOnly:boolean) {
  builder.addFieldInt8(3, +validateOnly, +false);
}

static endCreateTopic(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // name
  return offset;
}

static createCreateTopic(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset, partitions:number, settingsOffset:flatbuffers.Offset, validateOnly:boolean):flatbuffers.Offset {
  CreateTopic.startCreateTopic(builder);
  CreateTopic.addName(builder, nameOffset);
  CreateTopic.addPartitions(builder, partitions);
  CreateTopic.addSettings(builder, settingsOffset);
  CreateTopic.addValidateOnly(builder, validateOnly);
  return CreateTopic.endCreateTopic(builder);
}
}

export class DeleteTopic {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DeleteTopic {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDeleteTopic(bb:flatbuffers.ByteBuffer, obj?:DeleteTopic):DeleteTopic {
  return (obj || new DeleteTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDeleteTopic(bb:flatbuffers.ByteBuffer, obj?:DeleteTopic):DeleteTopic {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DeleteTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

static startDeleteTopic(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static endDeleteTopic(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // name
  return offset;
}

static createDeleteTopic(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset):flatbuffers.Offset {
  DeleteTopic.startDeleteTopic(builder);
  DeleteTopic.addName(builder, nameOffset);
  return DeleteTopic.endDeleteTopic(builder);
}
}

export class AlterTopic {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):AlterTopic {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsAlterTopic(bb:flatbuffers.ByteBuffer, obj?:AlterTopic):AlterTopic {
  return (obj || new AlterTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsAlterTopic(bb:flatbuffers.ByteBuffer, obj?:AlterTopic):AlterTopic {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new AlterTopic()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

set(index: number, obj?:Setting):Setting|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new Setting()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

setLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

/**
 * Keys that go back to their defaults.
 */
unset(index: number):string
unset(index: number,optionalEncoding:flatbuffers.Encoding):string|Uint8Array
unset(index: number,optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb!.__vector(this.bb_pos + offset) + index * 4, optionalEncoding) : null;
}

unsetLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

/**
 * -1: unchanged.
 */
partitions():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

validateOnly():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startAlterTopic(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static addSet(builder:flatbuffers.Builder, setOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, setOffset, 0);
}

static createSetVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSetVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addUnset(builder:flatbuffers.Builder, unsetOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, unsetOffset, 0);
}

static createUnsetVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startUnsetVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addPartitions(builder:flatbuffers.Builder, partitions:number) {
  builder.addFieldInt32(3, partitions, -1);
}

static addValidateOnly(builder:flatbuffers.Builder, validateOnly:boolean) {
  builder.addFieldInt8(4, +validateOnly, +false);
}

static endAlterTopic(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // name
  return offset;
}

static createAlterTopic(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset, setOffset:flatbuffers.Offset, unsetOffset:flatbuffers.Offset, partitions:number, validateOnly:boolean):flatbuffers.Offset {
  AlterTopic.startAlterTopic(builder);
  AlterTopic.addName(builder, nameOffset);
  AlterTopic.addSet(builder, setOffset);
  AlterTopic.addUnset(builder, unsetOffset);
  AlterTopic.addPartitions(builder, partitions);
  AlterTopic.addValidateOnly(builder, validateOnly);
  return AlterTopic.endAlterTopic(builder);
}
}

export class DescribeTopics {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DescribeTopics {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDescribeTopics(bb:flatbuffers.ByteBuffer, obj?:DescribeTopics):DescribeTopics {
  return (obj || new DescribeTopics()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDescribeTopics(bb:flatbuffers.ByteBuffer, obj?:DescribeTopics):DescribeTopics {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DescribeTopics()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * Absent: all topics.
 */
names(index: number):string
names(index: number,optionalEncoding:flatbuffers.Encoding):string|Uint8Array
names(index: number,optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__string(this.bb!.__vector(this.bb_pos + offset) + index * 4, optionalEncoding) : null;
}

namesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

settings():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startDescribeTopics(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addNames(builder:flatbuffers.Builder, namesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, namesOffset, 0);
}

static createNamesVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startNamesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addSettings(builder:flatbuffers.Builder, settings:boolean) {
  builder.addFieldInt8(1, +settings, +false);
}

static endDescribeTopics(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDescribeTopics(builder:flatbuffers.Builder, namesOffset:flatbuffers.Offset, settings:boolean):flatbuffers.Offset {
  DescribeTopics.startDescribeTopics(builder);
  DescribeTopics.addNames(builder, namesOffset);
  DescribeTopics.addSettings(builder, settings);
  return DescribeTopics.endDescribeTopics(builder);
}
}

export class PartitionInfo {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):PartitionInfo {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsPartitionInfo(bb:flatbuffers.ByteBuffer, obj?:PartitionInfo):PartitionInfo {
  return (obj || new PartitionInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsPartitionInfo(bb:flatbuffers.ByteBuffer, obj?:PartitionInfo):PartitionInfo {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new PartitionInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

leader():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

logEndOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

durableEndOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

/**
 * Why it cannot be served, or 0.
 */
error():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readInt16(this.bb_pos + offset) : 0;
}

static startPartitionInfo(builder:flatbuffers.Builder) {
  builder.startObject(9);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(0, partition, 0);
}

static addLeader(builder:flatbuffers.Builder, leader:number) {
  builder.addFieldInt32(1, leader, 0);
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(2, leaderEpoch, 0);
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(3, logStartOffset, BigInt('0'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(4, highWatermark, BigInt('0'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(5, lastStableOffset, BigInt('0'));
}

static addLogEndOffset(builder:flatbuffers.Builder, logEndOffset:bigint) {
  builder.addFieldInt64(6, logEndOffset, BigInt('0'));
}

static addDurableEndOffset(builder:flatbuffers.Builder, durableEndOffset:bigint) {
  builder.addFieldInt64(7, durableEndOffset, BigInt('0'));
}

static addError(builder:flatbuffers.Builder, error:number) {
  builder.addFieldInt16(8, error, 0);
}

static endPartitionInfo(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createPartitionInfo(builder:flatbuffers.Builder, partition:number, leader:number, leaderEpoch:number, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint, logEndOffset:bigint, durableEndOffset:bigint, error:number):flatbuffers.Offset {
  PartitionInfo.startPartitionInfo(builder);
  PartitionInfo.addPartition(builder, partition);
  PartitionInfo.addLeader(builder, leader);
  PartitionInfo.addLeaderEpoch(builder, leaderEpoch);
  PartitionInfo.addLogStartOffset(builder, logStartOffset);
  PartitionInfo.addHighWatermark(builder, highWatermark);
  PartitionInfo.addLastStableOffset(builder, lastStableOffset);
  PartitionInfo.addLogEndOffset(builder, logEndOffset);
  PartitionInfo.addDurableEndOffset(builder, durableEndOffset);
  PartitionInfo.addError(builder, error);
  return PartitionInfo.endPartitionInfo(builder);
}
}

export class SettingInfo {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SettingInfo {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSettingInfo(bb:flatbuffers.ByteBuffer, obj?:SettingInfo):SettingInfo {
  return (obj || new SettingInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSettingInfo(bb:flatbuffers.ByteBuffer, obj?:SettingInfo):SettingInfo {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SettingInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

key():string
key(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
key(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

value():string
value(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
value(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

isDefault():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startSettingInfo(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addKey(builder:flatbuffers.Builder, keyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, keyOffset, 0);
}

static addValue(builder:flatbuffers.Builder, valueOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, valueOffset, 0);
}

static addIsDefault(builder:flatbuffers.Builder, isDefault:boolean) {
  builder.addFieldInt8(2, +isDefault, +false);
}

static endSettingInfo(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // key
  builder.requiredField(offset, 6) // value
  return offset;
}

static createSettingInfo(builder:flatbuffers.Builder, keyOffset:flatbuffers.Offset, valueOffset:flatbuffers.Offset, isDefault:boolean):flatbuffers.Offset {
  SettingInfo.startSettingInfo(builder);
  SettingInfo.addKey(builder, keyOffset);
  SettingInfo.addValue(builder, valueOffset);
  SettingInfo.addIsDefault(builder, isDefault);
  return SettingInfo.endSettingInfo(builder);
}
}

export class TopicInfo {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):TopicInfo {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsTopicInfo(bb:flatbuffers.ByteBuffer, obj?:TopicInfo):TopicInfo {
  return (obj || new TopicInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsTopicInfo(bb:flatbuffers.ByteBuffer, obj?:TopicInfo):TopicInfo {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new TopicInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

durability():Durability {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return (offset ? this.bb!.readInt8(this.bb_pos + offset) : Durability.Disk) as Durability;
}

maxMessageBytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

partitions(index: number, obj?:PartitionInfo):PartitionInfo|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? (obj || new PartitionInfo()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

partitionsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

settings(index: number, obj?:SettingInfo):SettingInfo|null {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? (obj || new SettingInfo()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

settingsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

internal():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

/**
 * Set instead of the rest when the topic cannot be described.
 */
error(obj?:Error):Error|null {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? (obj || new Error()).__init(this.bb!.__indirect(this.bb_pos + offset), this.bb!) : null;
}

static startTopicInfo(builder:flatbuffers.Builder) {
  builder.startObject(8);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(1, topicIdOffset, 0);
}

static addDurability(builder:flatbuffers.Builder, durability:Durability) {
  builder.addFieldInt8(2, durability, Durability.Disk);
}

static addMaxMessageBytes(builder:flatbuffers.Builder, maxMessageBytes:number) {
  builder.addFieldInt32(3, maxMessageBytes, 0);
}

static addPartitions(builder:flatbuffers.Builder, partitionsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, partitionsOffset, 0);
}

static createPartitionsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startPartitionsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addSettings(builder:flatbuffers.Builder, settingsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, settingsOffset, 0);
}

static createSettingsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startSettingsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static addInternal(builder:flatbuffers.Builder, internal:boolean) {
  builder.addFieldInt8(6, +internal, +false);
}

static addError(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset) {
  builder.addFieldOffset(7, errorOffset, 0);
}

static endTopicInfo(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // name
  return offset;
}

}

export class TopicsResult {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):TopicsResult {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsTopicsResult(bb:flatbuffers.ByteBuffer, obj?:TopicsResult):TopicsResult {
  return (obj || new TopicsResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsTopicsResult(bb:flatbuffers.ByteBuffer, obj?:TopicsResult):TopicsResult {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new TopicsResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

topics(index: number, obj?:TopicInfo):TopicInfo|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new TopicInfo()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

topicsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startTopicsResult(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addTopics(builder:flatbuffers.Builder, topicsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, topicsOffset, 0);
}

static createTopicsVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startTopicsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endTopicsResult(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // topics
  return offset;
}

static createTopicsResult(builder:flatbuffers.Builder, topicsOffset:flatbuffers.Offset):flatbuffers.Offset {
  TopicsResult.startTopicsResult(builder);
  TopicsResult.addTopics(builder, topicsOffset);
  return TopicsResult.endTopicsResult(builder);
}
}

export class InitProducer {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):InitProducer {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsInitProducer(bb:flatbuffers.ByteBuffer, obj?:InitProducer):InitProducer {
  return (obj || new InitProducer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsInitProducer(bb:flatbuffers.ByteBuffer, obj?:InitProducer):InitProducer {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new InitProducer()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * -1: a new one; else the same id with the next epoch.
 */
producerId():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

producerEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt16(this.bb_pos + offset) : -1;
}

static startInitProducer(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addProducerId(builder:flatbuffers.Builder, producerId:bigint) {
  builder.addFieldInt64(0, producerId, BigInt('-1'));
}

static addProducerEpoch(builder:flatbuffers.Builder, producerEpoch:number) {
  builder.addFieldInt16(1, producerEpoch, -1);
}

static endInitProducer(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createInitProducer(builder:flatbuffers.Builder, producerId:bigint, producerEpoch:number):flatbuffers.Offset {
  InitProducer.startInitProducer(builder);
  InitProducer.addProducerId(builder, producerId);
  InitProducer.addProducerEpoch(builder, producerEpoch);
  return InitProducer.endInitProducer(builder);
}
}

export class InitProducerResult {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):InitProducerResult {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsInitProducerResult(bb:flatbuffers.ByteBuffer, obj?:InitProducerResult):InitProducerResult {
  return (obj || new InitProducerResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsInitProducerResult(bb:flatbuffers.ByteBuffer, obj?:InitProducerResult):InitProducerResult {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new InitProducerResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

producerId():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

producerEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt16(this.bb_pos + offset) : 0;
}

static startInitProducerResult(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addProducerId(builder:flatbuffers.Builder, producerId:bigint) {
  builder.addFieldInt64(0, producerId, BigInt('0'));
}

static addProducerEpoch(builder:flatbuffers.Builder, producerEpoch:number) {
  builder.addFieldInt16(1, producerEpoch, 0);
}

static endInitProducerResult(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createInitProducerResult(builder:flatbuffers.Builder, producerId:bigint, producerEpoch:number):flatbuffers.Offset {
  InitProducerResult.startInitProducerResult(builder);
  InitProducerResult.addProducerId(builder, producerId);
  InitProducerResult.addProducerEpoch(builder, producerEpoch);
  return InitProducerResult.endInitProducerResult(builder);
}
}

export class Produce {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Produce {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProduce(bb:flatbuffers.ByteBuffer, obj?:Produce):Produce {
  return (obj || new Produce()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProduce(bb:flatbuffers.ByteBuffer, obj?:Produce):Produce {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Produce()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

/**
 * What the client believes; -1: unknown.
 */
leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

/**
 * 0: no answer, 1 and -1: after the topic's durability.
 */
acks():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt8(this.bb_pos + offset) : -1;
}

batch(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

batchLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

batchArray():Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset));
}

static startProduce(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(0, topicIdOffset, 0);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(1, partition, 0);
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(2, leaderEpoch, -1);
}

static addAcks(builder:flatbuffers.Builder, acks:number) {
  builder.addFieldInt8(3, acks, -1);
}

static addBatch(builder:flatbuffers.Builder, batchOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, batchOffset, 0);
}

static createBatchVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startBatchVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endProduce(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // topic_id
  builder.requiredField(offset, 12) // batch
  return offset;
}

static createProduce(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset, partition:number, leaderEpoch:number, acks:number, batchOffset:flatbuffers.Offset):flatbuffers.Offset {
  Produce.startProduce(builder);
  Produce.addTopicId(builder, topicIdOffset);
  Produce.addPartition(builder, partition);
  Produce.addLeaderEpoch(builder, leaderEpoch);
  Produce.addAcks(builder, acks);
  Produce.addBatch(builder, batchOffset);
  return Produce.endProduce(builder);
}
}

/**
 * Opens an upload for a batch larger than `batch_bytes_inline_max`.
 */
export class ProduceBegin {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ProduceBegin {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProduceBegin(bb:flatbuffers.ByteBuffer, obj?:ProduceBegin):ProduceBegin {
  return (obj || new ProduceBegin()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProduceBegin(bb:flatbuffers.ByteBuffer, obj?:ProduceBegin):ProduceBegin {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ProduceBegin()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

acks():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt8(this.bb_pos + offset) : -1;
}

/**
 * Bytes of the whole batch.
 */
size():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startProduceBegin(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(0, topicIdOffset, 0);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(1, partition, 0);
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(2, leaderEpoch, -1);
}

static addAcks(builder:flatbuffers.Builder, acks:number) {
  builder.addFieldInt8(3, acks, -1);
}

static addSize(builder:flatbuffers.Builder, size:number) {
  builder.addFieldInt32(4, size, 0);
}

static endProduceBegin(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // topic_id
  return offset;
}

static createProduceBegin(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset, partition:number, leaderEpoch:number, acks:number, size:number):flatbuffers.Offset {
  ProduceBegin.startProduceBegin(builder);
  ProduceBegin.addTopicId(builder, topicIdOffset);
  ProduceBegin.addPartition(builder, partition);
  ProduceBegin.addLeaderEpoch(builder, leaderEpoch);
  ProduceBegin.addAcks(builder, acks);
  ProduceBegin.addSize(builder, size);
  return ProduceBegin.endProduceBegin(builder);
}
}

/**
 * The block is granted; parts may be sent.
 */
export class ProduceGrant {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ProduceGrant {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProduceGrant(bb:flatbuffers.ByteBuffer, obj?:ProduceGrant):ProduceGrant {
  return (obj || new ProduceGrant()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProduceGrant(bb:flatbuffers.ByteBuffer, obj?:ProduceGrant):ProduceGrant {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ProduceGrant()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

upload():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startProduceGrant(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addUpload(builder:flatbuffers.Builder, upload:number) {
  builder.addFieldInt32(0, upload, 0);
}

static endProduceGrant(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createProduceGrant(builder:flatbuffers.Builder, upload:number):flatbuffers.Offset {
  ProduceGrant.startProduceGrant(builder);
  ProduceGrant.addUpload(builder, upload);
  return ProduceGrant.endProduceGrant(builder);
}
}

/**
 * Parts come in order and leave no gap; the last one completes the upload, whose answer is ProduceAck.
 */
export class ProducePart {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ProducePart {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProducePart(bb:flatbuffers.ByteBuffer, obj?:ProducePart):ProducePart {
  return (obj || new ProducePart()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProducePart(bb:flatbuffers.ByteBuffer, obj?:ProducePart):ProducePart {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ProducePart()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

upload():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Byte of the batch at which `bytes` begin.
 */
position():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

bytes(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

bytesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

bytesArray():Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset));
}

static startProducePart(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addUpload(builder:flatbuffers.Builder, upload:number) {
  builder.addFieldInt32(0, upload, 0);
}

static addPosition(builder:flatbuffers.Builder, position:number) {
  builder.addFieldInt32(1, position, 0);
}

static addBytes(builder:flatbuffers.Builder, bytesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, bytesOffset, 0);
}

static createBytesVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startBytesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endProducePart(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 8) // bytes
  return offset;
}

static createProducePart(builder:flatbuffers.Builder, upload:number, position:number, bytesOffset:flatbuffers.Offset):flatbuffers.Offset {
  ProducePart.startProducePart(builder);
  ProducePart.addUpload(builder, upload);
  ProducePart.addPosition(builder, position);
  ProducePart.addBytes(builder, bytesOffset);
  return ProducePart.endProducePart(builder);
}
}

/**
 * So much of the upload has come; the last part is answered by ProduceAck. Said now and then, so that behind a slow link a client
 * knows that it is heard.
 */
export class ProduceProgress {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ProduceProgress {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProduceProgress(bb:flatbuffers.ByteBuffer, obj?:ProduceProgress):ProduceProgress {
  return (obj || new ProduceProgress()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProduceProgress(bb:flatbuffers.ByteBuffer, obj?:ProduceProgress):ProduceProgress {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ProduceProgress()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

upload():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

received():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startProduceProgress(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addUpload(builder:flatbuffers.Builder, upload:number) {
  builder.addFieldInt32(0, upload, 0);
}

static addReceived(builder:flatbuffers.Builder, received:number) {
  builder.addFieldInt32(1, received, 0);
}

static endProduceProgress(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createProduceProgress(builder:flatbuffers.Builder, upload:number, received:number):flatbuffers.Offset {
  ProduceProgress.startProduceProgress(builder);
  ProduceProgress.addUpload(builder, upload);
  ProduceProgress.addReceived(builder, received);
  return ProduceProgress.endProduceProgress(builder);
}
}

export class ProduceAck {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ProduceAck {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProduceAck(bb:flatbuffers.ByteBuffer, obj?:ProduceAck):ProduceAck {
  return (obj || new ProduceAck()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProduceAck(bb:flatbuffers.ByteBuffer, obj?:ProduceAck):ProduceAck {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ProduceAck()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

baseOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

/**
 * What was given before this answer.
 */
durability():Durability {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return (offset ? this.bb!.readInt8(this.bb_pos + offset) : Durability.Disk) as Durability;
}

/**
 * The batch had been appended before.
 */
duplicate():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startProduceAck(builder:flatbuffers.Builder) {
  builder.startObject(7);
}

static addBaseOffset(builder:flatbuffers.Builder, baseOffset:bigint) {
  builder.addFieldInt64(0, baseOffset, BigInt('0'));
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(1, logStartOffset, BigInt('0'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(2, highWatermark, BigInt('0'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(3, lastStableOffset, BigInt('0'));
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(4, leaderEpoch, 0);
}

static addDurability(builder:flatbuffers.Builder, durability:Durability) {
  builder.addFieldInt8(5, durability, Durability.Disk);
}

static addDuplicate(builder:flatbuffers.Builder, duplicate:boolean) {
  builder.addFieldInt8(6, +duplicate, +false);
}

static endProduceAck(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createProduceAck(builder:flatbuffers.Builder, baseOffset:bigint, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint, leaderEpoch:number, durability:Durability, duplicate:boolean):flatbuffers.Offset {
  ProduceAck.startProduceAck(builder);
  ProduceAck.addBaseOffset(builder, baseOffset);
  ProduceAck.addLogStartOffset(builder, logStartOffset);
  ProduceAck.addHighWatermark(builder, highWatermark);
  ProduceAck.addLastStableOffset(builder, lastStableOffset);
  ProduceAck.addLeaderEpoch(builder, leaderEpoch);
  ProduceAck.addDurability(builder, durability);
  ProduceAck.addDuplicate(builder, duplicate);
  return ProduceAck.endProduceAck(builder);
}
}

export class ListOffset {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ListOffset {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsListOffset(bb:flatbuffers.ByteBuffer, obj?:ListOffset):ListOffset {
  return (obj || new ListOffset()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsListOffset(bb:flatbuffers.ByteBuffer, obj?:ListOffset):ListOffset {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ListOffset()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

start():Start {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return (offset ? this.bb!.readInt8(this.bb_pos + offset) : Start.Offset) as Start;
}

/**
 * The offset or the timestamp, as `start` says.
 */
value():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

static startListOffset(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(0, topicIdOffset, 0);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(1, partition, 0);
}

static addStart(builder:flatbuffers.Builder, start:Start) {
  builder.addFieldInt8(2, start, Start.Offset);
}

static addValue(builder:flatbuffers.Builder, value:bigint) {
  builder.addFieldInt64(3, value, BigInt('0'));
}

static endListOffset(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // topic_id
  return offset;
}

static createListOffset(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset, partition:number, start:Start, value:bigint):flatbuffers.Offset {
  ListOffset.startListOffset(builder);
  ListOffset.addTopicId(builder, topicIdOffset);
  ListOffset.addPartition(builder, partition);
  ListOffset.addStart(builder, start);
  ListOffset.addValue(builder, value);
  return ListOffset.endListOffset(builder);
}
}

export class ListOffsetResult {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ListOffsetResult {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsListOffsetResult(bb:flatbuffers.ByteBuffer, obj?:ListOffsetResult):ListOffsetResult {
  return (obj || new ListOffsetResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsListOffsetResult(bb:flatbuffers.ByteBuffer, obj?:ListOffsetResult):ListOffsetResult {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new ListOffsetResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

offset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

timestamp():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('-1');
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

static startListOffsetResult(builder:flatbuffers.Builder) {
  builder.startObject(6);
}

static addOffset(builder:flatbuffers.Builder, offset:bigint) {
  builder.addFieldInt64(0, offset, BigInt('0'));
}

static addTimestamp(builder:flatbuffers.Builder, timestamp:bigint) {
  builder.addFieldInt64(1, timestamp, BigInt('-1'));
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(2, leaderEpoch, 0);
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(3, logStartOffset, BigInt('0'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(4, highWatermark, BigInt('0'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(5, lastStableOffset, BigInt('0'));
}

static endListOffsetResult(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createListOffsetResult(builder:flatbuffers.Builder, offset:bigint, timestamp:bigint, leaderEpoch:number, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint):flatbuffers.Offset {
  ListOffsetResult.startListOffsetResult(builder);
  ListOffsetResult.addOffset(builder, offset);
  ListOffsetResult.addTimestamp(builder, timestamp);
  ListOffsetResult.addLeaderEpoch(builder, leaderEpoch);
  ListOffsetResult.addLogStartOffset(builder, logStartOffset);
  ListOffsetResult.addHighWatermark(builder, highWatermark);
  ListOffsetResult.addLastStableOffset(builder, lastStableOffset);
  return ListOffsetResult.endListOffsetResult(builder);
}
}

/**
 * One answer: Data frames under this correlation id, the last of them marked `last`.
 */
export class Fetch {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Fetch {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsFetch(bb:flatbuffers.ByteBuffer, obj?:Fetch):Fetch {
  return (obj || new Fetch()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsFetch(bb:flatbuffers.ByteBuffer, obj?:Fetch):Fetch {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Fetch()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

start():Start {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return (offset ? this.bb!.readInt8(this.bb_pos + offset) : Start.Offset) as Start;
}

/**
 * The offset or the timestamp, as `start` says.
 */
value():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

/**
 * At least one batch is returned even if it is larger.
 */
bytesMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

bytesMin():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

waitMsMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

readCommitted():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startFetch(builder:flatbuffers.Builder) {
  builder.startObject(9);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(0, topicIdOffset, 0);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(1, partition, 0);
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(2, leaderEpoch, -1);
}

static addStart(builder:flatbuffers.Builder, start:Start) {
  builder.addFieldInt8(3, start, Start.Offset);
}

static addValue(builder:flatbuffers.Builder, value:bigint) {
  builder.addFieldInt64(4, value, BigInt('0'));
}

static addBytesMax(builder:flatbuffers.Builder, bytesMax:number) {
  builder.addFieldInt32(5, bytesMax, 0);
}

static addBytesMin(builder:flatbuffers.Builder, bytesMin:number) {
  builder.addFieldInt32(6, bytesMin, 0);
}

static addWaitMsMax(builder:flatbuffers.Builder, waitMsMax:number) {
  builder.addFieldInt32(7, waitMsMax, 0);
}

static addReadCommitted(builder:flatbuffers.Builder, readCommitted:boolean) {
  builder.addFieldInt8(8, +readCommitted, +false);
}

static endFetch(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // topic_id
  return offset;
}

static createFetch(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset, partition:number, leaderEpoch:number, start:Start, value:bigint, bytesMax:number, bytesMin:number, waitMsMax:number, readCommitted:boolean):flatbuffers.Offset {
  Fetch.startFetch(builder);
  Fetch.addTopicId(builder, topicIdOffset);
  Fetch.addPartition(builder, partition);
  Fetch.addLeaderEpoch(builder, leaderEpoch);
  Fetch.addStart(builder, start);
  Fetch.addValue(builder, value);
  Fetch.addBytesMax(builder, bytesMax);
  Fetch.addBytesMin(builder, bytesMin);
  Fetch.addWaitMsMax(builder, waitMsMax);
  Fetch.addReadCommitted(builder, readCommitted);
  return Fetch.endFetch(builder);
}
}

/**
 * Data frames arrive as long as there is credit.
 */
export class Subscribe {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Subscribe {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSubscribe(bb:flatbuffers.ByteBuffer, obj?:Subscribe):Subscribe {
  return (obj || new Subscribe()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSubscribe(bb:flatbuffers.ByteBuffer, obj?:Subscribe):Subscribe {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Subscribe()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * Chosen by the client, unique on its connection, not 0.
 */
subscription():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

topicId(obj?:Uuid):Uuid|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new Uuid()).__init(this.bb_pos + offset, this.bb!) : null;
}

partition():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : -1;
}

start():Start {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return (offset ? this.bb!.readInt8(this.bb_pos + offset) : Start.Offset) as Start;
}

/**
 * The offset or the timestamp, as `start` says.
 */
value():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

/**
 * Bytes.
 */
credit():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

readCommitted():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

static startSubscribe(builder:flatbuffers.Builder) {
  builder.startObject(8);
}

static addSubscription(builder:flatbuffers.Builder, subscription:number) {
  builder.addFieldInt32(0, subscription, 0);
}

static addTopicId(builder:flatbuffers.Builder, topicIdOffset:flatbuffers.Offset) {
  builder.addFieldStruct(1, topicIdOffset, 0);
}

static addPartition(builder:flatbuffers.Builder, partition:number) {
  builder.addFieldInt32(2, partition, 0);
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(3, leaderEpoch, -1);
}

static addStart(builder:flatbuffers.Builder, start:Start) {
  builder.addFieldInt8(4, start, Start.Offset);
}

static addValue(builder:flatbuffers.Builder, value:bigint) {
  builder.addFieldInt64(5, value, BigInt('0'));
}

static addCredit(builder:flatbuffers.Builder, credit:number) {
  builder.addFieldInt32(6, credit, 0);
}

static addReadCommitted(builder:flatbuffers.Builder, readCommitted:boolean) {
  builder.addFieldInt8(7, +readCommitted, +false);
}

static endSubscribe(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 6) // topic_id
  return offset;
}

}

export class SubscribeResult {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SubscribeResult {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSubscribeResult(bb:flatbuffers.ByteBuffer, obj?:SubscribeResult):SubscribeResult {
  return (obj || new SubscribeResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSubscribeResult(bb:flatbuffers.ByteBuffer, obj?:SubscribeResult):SubscribeResult {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SubscribeResult()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * Where reading starts.
 */
offset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

static startSubscribeResult(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addOffset(builder:flatbuffers.Builder, offset:bigint) {
  builder.addFieldInt64(0, offset, BigInt('0'));
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(1, leaderEpoch, 0);
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(2, logStartOffset, BigInt('0'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(3, highWatermark, BigInt('0'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(4, lastStableOffset, BigInt('0'));
}

static endSubscribeResult(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createSubscribeResult(builder:flatbuffers.Builder, offset:bigint, leaderEpoch:number, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint):flatbuffers.Offset {
  SubscribeResult.startSubscribeResult(builder);
  SubscribeResult.addOffset(builder, offset);
  SubscribeResult.addLeaderEpoch(builder, leaderEpoch);
  SubscribeResult.addLogStartOffset(builder, logStartOffset);
  SubscribeResult.addHighWatermark(builder, highWatermark);
  SubscribeResult.addLastStableOffset(builder, lastStableOffset);
  return SubscribeResult.endSubscribeResult(builder);
}
}

/**
 * More bytes may be sent to this subscription.
 */
export class Credit {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Credit {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsCredit(bb:flatbuffers.ByteBuffer, obj?:Credit):Credit {
  return (obj || new Credit()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsCredit(bb:flatbuffers.ByteBuffer, obj?:Credit):Credit {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Credit()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

subscription():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

bytes():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startCredit(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addSubscription(builder:flatbuffers.Builder, subscription:number) {
  builder.addFieldInt32(0, subscription, 0);
}

static addBytes(builder:flatbuffers.Builder, bytes:number) {
  builder.addFieldInt32(1, bytes, 0);
}

static endCredit(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createCredit(builder:flatbuffers.Builder, subscription:number, bytes:number):flatbuffers.Offset {
  Credit.startCredit(builder);
  Credit.addSubscription(builder, subscription);
  Credit.addBytes(builder, bytes);
  return Credit.endCredit(builder);
}
}

export class Unsubscribe {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Unsubscribe {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsUnsubscribe(bb:flatbuffers.ByteBuffer, obj?:Unsubscribe):Unsubscribe {
  return (obj || new Unsubscribe()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsUnsubscribe(bb:flatbuffers.ByteBuffer, obj?:Unsubscribe):Unsubscribe {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Unsubscribe()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

subscription():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startUnsubscribe(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addSubscription(builder:flatbuffers.Builder, subscription:number) {
  builder.addFieldInt32(0, subscription, 0);
}

static endUnsubscribe(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createUnsubscribe(builder:flatbuffers.Builder, subscription:number):flatbuffers.Offset {
  Unsubscribe.startUnsubscribe(builder);
  Unsubscribe.addSubscription(builder, subscription);
  return Unsubscribe.endUnsubscribe(builder);
}
}

/**
 * A slice of consecutive batches, at most 256 KiB; a larger batch comes in several slices.
 */
export class Data {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Data {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsData(bb:flatbuffers.ByteBuffer, obj?:Data):Data {
  return (obj || new Data()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsData(bb:flatbuffers.ByteBuffer, obj?:Data):Data {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Data()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

/**
 * 0: the answer to the Fetch with this correlation id.
 */
subscription():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Of the first batch in `bytes`, also where the slice begins inside it.
 */
baseOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

/**
 * Bytes of that batch that earlier slices carried.
 */
batchPosition():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

/**
 * Fetch: nothing more follows.
 */
last():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

logStartOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

highWatermark():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

lastStableOffset():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readInt64(this.bb_pos + offset) : BigInt('0');
}

leaderEpoch():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : 0;
}

bytes(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

bytesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

bytesArray():Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset));
}

static startData(builder:flatbuffers.Builder) {
  builder.startObject(9);
}

static addSubscription(builder:flatbuffers.Builder, subscription:number) {
  builder.addFieldInt32(0, subscription, 0);
}

static addBaseOffset(builder:flatbuffers.Builder, baseOffset:bigint) {
  builder.addFieldInt64(1, baseOffset, BigInt('0'));
}

static addBatchPosition(builder:flatbuffers.Builder, batchPosition:number) {
  builder.addFieldInt32(2, batchPosition, 0);
}

static addLast(builder:flatbuffers.Builder, last:boolean) {
  builder.addFieldInt8(3, +last, +false);
}

static addLogStartOffset(builder:flatbuffers.Builder, logStartOffset:bigint) {
  builder.addFieldInt64(4, logStartOffset, BigInt('0'));
}

static addHighWatermark(builder:flatbuffers.Builder, highWatermark:bigint) {
  builder.addFieldInt64(5, highWatermark, BigInt('0'));
}

static addLastStableOffset(builder:flatbuffers.Builder, lastStableOffset:bigint) {
  builder.addFieldInt64(6, lastStableOffset, BigInt('0'));
}

static addLeaderEpoch(builder:flatbuffers.Builder, leaderEpoch:number) {
  builder.addFieldInt32(7, leaderEpoch, 0);
}

static addBytes(builder:flatbuffers.Builder, bytesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(8, bytesOffset, 0);
}

static createBytesVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startBytesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endData(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 20) // bytes
  return offset;
}

static createData(builder:flatbuffers.Builder, subscription:number, baseOffset:bigint, batchPosition:number, last:boolean, logStartOffset:bigint, highWatermark:bigint, lastStableOffset:bigint, leaderEpoch:number, bytesOffset:flatbuffers.Offset):flatbuffers.Offset {
  Data.startData(builder);
  Data.addSubscription(builder, subscription);
  Data.addBaseOffset(builder, baseOffset);
  Data.addBatchPosition(builder, batchPosition);
  Data.addLast(builder, last);
  Data.addLogStartOffset(builder, logStartOffset);
  Data.addHighWatermark(builder, highWatermark);
  Data.addLastStableOffset(builder, lastStableOffset);
  Data.addLeaderEpoch(builder, leaderEpoch);
  Data.addBytes(builder, bytesOffset);
  return Data.endData(builder);
}
}

/**
 * A subscription ended by the broker.
 */
export class SubscriptionEnd {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SubscriptionEnd {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsSubscriptionEnd(bb:flatbuffers.ByteBuffer, obj?:SubscriptionEnd):SubscriptionEnd {
  return (obj || new SubscriptionEnd()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsSubscriptionEnd(bb:flatbuffers.ByteBuffer, obj?:SubscriptionEnd):SubscriptionEnd {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new SubscriptionEnd()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

subscription():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

error(obj?:Error):Error|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new Error()).__init(this.bb!.__indirect(this.bb_pos + offset), this.bb!) : null;
}

static startSubscriptionEnd(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addSubscription(builder:flatbuffers.Builder, subscription:number) {
  builder.addFieldInt32(0, subscription, 0);
}

static addError(builder:flatbuffers.Builder, errorOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, errorOffset, 0);
}

static endSubscriptionEnd(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 6) // error
  return offset;
}

}

export class Done {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Done {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDone(bb:flatbuffers.ByteBuffer, obj?:Done):Done {
  return (obj || new Done()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDone(bb:flatbuffers.ByteBuffer, obj?:Done):Done {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Done()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static startDone(builder:flatbuffers.Builder) {
  builder.startObject(0);
}

static endDone(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDone(builder:flatbuffers.Builder):flatbuffers.Offset {
  Done.startDone(builder);
  return Done.endDone(builder);
}
}

export class Frame {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Frame {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsFrame(bb:flatbuffers.ByteBuffer, obj?:Frame):Frame {
  return (obj || new Frame()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsFrame(bb:flatbuffers.ByteBuffer, obj?:Frame):Frame {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Frame()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static bufferHasIdentifier(bb:flatbuffers.ByteBuffer):boolean {
  return bb.__has_identifier('CMB1');
}

correlation():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

bodyType():Body {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return (offset ? this.bb!.readUint8(this.bb_pos + offset) : Body.NONE) as Body;
}

body(obj:any):any|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__union(obj, this.bb_pos + offset) : null;
}

static startFrame(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addCorrelation(builder:flatbuffers.Builder, correlation:number) {
  builder.addFieldInt32(0, correlation, 0);
}

static addBodyType(builder:flatbuffers.Builder, bodyType:Body) {
  builder.addFieldInt8(1, bodyType, Body.NONE);
}

static addBody(builder:flatbuffers.Builder, bodyOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, bodyOffset, 0);
}

static endFrame(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 8) // body
  return offset;
}

static finishFrameBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'CMB1');
}

static finishSizePrefixedFrameBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, 'CMB1', true);
}

static createFrame(builder:flatbuffers.Builder, correlation:number, bodyType:Body, bodyOffset:flatbuffers.Offset):flatbuffers.Offset {
  Frame.startFrame(builder);
  Frame.addCorrelation(builder, correlation);
  Frame.addBodyType(builder, bodyType);
  Frame.addBody(builder, bodyOffset);
  return Frame.endFrame(builder);
}
}
