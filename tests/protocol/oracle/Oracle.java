import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * The other opinion on our bytes: Kafka's own message classes.
 *
 * <p>Oracle SEED OURS ECHO THEIRS VERSIONS reads frames from OURS, decodes and encodes each and writes the
 * outcome to ECHO; for each it also writes one random frame of the same kind to THEIRS. A file is a
 * row of (int16 API key, int8 side, int16 version, int32 length, header and body). To VERSIONS it
 * writes (int16 API key, int16 oldest, int16 newest) of the versions that Kafka calls stable.
 */
public final class Oracle {
  private static final int REQUEST = 0;
  private static final int TAG_CHANCE = 2;
  private static final int NULL_CHANCE = 4;

  private final Random random;

  private Oracle(long seed) {
    random = new Random(seed);
  }

  public static void main(String[] args) throws IOException {
    Oracle oracle = new Oracle(Long.parseLong(args[0]));
    try (DataInputStream ours = input(args[1]);
        DataOutputStream echo = output(args[2]);
        DataOutputStream theirs = output(args[3])) {
      oracle.run(ours, echo, theirs);
    }
    try (DataOutputStream versions = output(args[4])) {
      for (ApiKeys api : ApiKeys.values()) {
        versions.writeShort(api.id);
        versions.writeShort(api.oldestVersion());
        versions.writeShort(api.latestVersion(false));
      }
    }
  }

  private static DataInputStream input(String path) throws IOException {
    return new DataInputStream(new BufferedInputStream(new FileInputStream(path)));
  }

  private static DataOutputStream output(String path) throws IOException {
    return new DataOutputStream(new BufferedOutputStream(new FileOutputStream(path)));
  }

  private void run(DataInputStream ours, DataOutputStream echo, DataOutputStream theirs)
      throws IOException {
    while (true) {
      short key;
      try {
        key = ours.readShort();
      } catch (EOFException end) {
        return;
      }
      int side = ours.readByte();
      short version = ours.readShort();
      byte[] frame = new byte[ours.readInt()];
      ours.readFully(frame);
      put(echo, key, side, version, recode(key, side, version, ByteBuffer.wrap(frame)));
      put(theirs, key, side, version, randomFrame(key, side, version));
    }
  }

  private static void put(DataOutputStream out, short key, int side, short version, ByteBuffer frame)
      throws IOException {
    out.writeShort(key);
    out.writeByte(side);
    out.writeShort(version);
    out.writeInt(frame.remaining());
    byte[] bytes = new byte[frame.remaining()];
    frame.get(bytes);
    out.write(bytes);
  }

  private static Message newHeader(int side) {
    return side == REQUEST ? new RequestHeaderData() : new ResponseHeaderData();
  }

  private static short headerVersion(short key, int side, short version) {
    ApiMessageType type = ApiMessageType.fromApiKey(key);
    return side == REQUEST ? type.requestHeaderVersion(version) : type.responseHeaderVersion(version);
  }

  private static ByteBuffer recode(short key, int side, short version, ByteBuffer frame) {
    ApiMessageType type = ApiMessageType.fromApiKey(key);
    Message header = newHeader(side);
    ApiMessage body = side == REQUEST ? type.newRequest() : type.newResponse();
    short headerVersion = headerVersion(key, side, version);
    try {
      header.read(new ByteBufferAccessor(frame), headerVersion);
      body.read(new ByteBufferAccessor(frame), version);
    } catch (RuntimeException error) {
      throw new IllegalStateException(type + " version " + version + " side " + side, error);
    }
    if (frame.hasRemaining()) {
      throw new IllegalStateException(type + " version " + version + " has trailing bytes");
    }
    return join(header, headerVersion, body, version);
  }

  private static ByteBuffer join(Message header, short headerVersion, Message body, short version) {
    ByteBuffer head = MessageUtil.toByteBufferAccessor(header, headerVersion).buffer();
    ByteBuffer tail = MessageUtil.toByteBufferAccessor(body, version).buffer();
    ByteBuffer whole = ByteBuffer.allocate(head.remaining() + tail.remaining());
    return whole.put(head).put(tail).flip();
  }

  /** Random values in the order of Kafka's schema, then through Kafka's classes. */
  private ByteBuffer randomFrame(short key, int side, short version) {
    ApiMessageType type = ApiMessageType.fromApiKey(key);
    short headerVersion = headerVersion(key, side, version);
    Schema[] headers = side == REQUEST ? RequestHeaderData.SCHEMAS : ResponseHeaderData.SCHEMAS;
    Schema[] bodies = side == REQUEST ? type.requestSchemas() : type.responseSchemas();
    Struct header = struct(headers[headerVersion]);
    if (side == REQUEST) {
      header.set("request_api_key", key).set("request_api_version", version);
    }
    Struct body = struct(bodies[version]);
    ByteBuffer bytes = ByteBuffer.allocate(header.sizeOf() + body.sizeOf());
    header.writeTo(bytes);
    body.writeTo(bytes);
    return recode(key, side, version, bytes.flip());
  }

  private Struct struct(Schema schema) {
    Struct struct = new Struct(schema);
    for (BoundField field : schema.fields()) {
      struct.set(field, value(field.def.type));
    }
    return struct;
  }

  private Object value(Type type) {
    if (type.isNullable() && random.nextInt(NULL_CHANCE) == 0) return null;
    if (type instanceof TaggedFields) return tags((TaggedFields) type);
    if (type instanceof Schema) return struct((Schema) type);
    if (type.isArray()) return array(type.arrayElementType().get());
    if (type == Type.BOOLEAN) return random.nextBoolean();
    if (type == Type.INT8) return (byte) integer();
    if (type == Type.INT16) return (short) integer();
    if (type == Type.UINT16) return (int) (integer() & 0xffff);
    if (type == Type.INT32) return (int) integer();
    if (type == Type.UNSIGNED_INT32) return integer() & 0xffffffffL;
    if (type == Type.INT64) return integer();
    if (type == Type.FLOAT64) return random.nextDouble();
    if (type == Type.UUID) return new Uuid(random.nextLong(), random.nextLong());
    String name = type.toString();
    if (name.endsWith("STRING")) return text();
    if (name.endsWith("RECORDS")) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes()));
    if (name.endsWith("BYTES")) return ByteBuffer.wrap(bytes());
    throw new IllegalStateException("no random value for " + name);
  }

  private Map<Integer, Object> tags(TaggedFields type) {
    Map<Integer, Object> values = new TreeMap<>();
    for (Map.Entry<Integer, Field> field : type.fields().entrySet()) {
      if (random.nextInt(TAG_CHANCE) == 0) {
        values.put(field.getKey(), value(field.getValue().type));
      }
    }
    return values;
  }

  private Object[] array(Type element) {
    Object[] values = new Object[random.nextInt(4)];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(element);
    }
    return values;
  }

  private long integer() {
    return random.nextLong() >> random.nextInt(64);
  }

  private int length() {
    return random.nextInt(8) == 0 ? 100 + random.nextInt(200) : random.nextInt(12);
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int left = length(); left > 0; left--) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  private byte[] bytes() {
    byte[] bytes = new byte[length()];
    random.nextBytes(bytes);
    return bytes;
  }
}
