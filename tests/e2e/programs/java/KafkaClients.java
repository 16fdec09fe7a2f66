import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own Java clients behind the line protocol. */
public final class KafkaClients {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final String address;
    private final Map<String, KafkaConsumer<String, String>> consumers = new HashMap<>();

    private KafkaClients(String address) {
        this.address = address;
    }

    public static void main(String[] arguments) throws Exception {
        KafkaClients clients = new KafkaClients(arguments[0]);
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = commands.readLine()) != null) {
            System.out.println(JSON.writeValueAsString(clients.answer(JSON.readTree(line))));
            System.out.flush();
        }
        System.exit(0);
    }

    private Map<String, Object> answer(JsonNode command) {
        Map<String, Object> answer = new HashMap<>();
        try {
            answer.put("ok", act(command));
        } catch (Exception error) {
            Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
            Map<String, Object> told = new HashMap<>();
            told.put("code", (int) Errors.forException(cause).code());
            told.put("text", cause.toString());
            answer.put("error", told);
        }
        return answer;
    }

    private Object act(JsonNode command) throws Exception {
        switch (command.get("do").asText()) {
            case "about":
                return Map.of("codecs", List.of("none", "gzip", "snappy", "lz4", "zstd"),
                    "idempotent", true, "strategies", List.of("eager", "cooperative"),
                    "static", true, "told", "each");
            case "create_topic":
                return createTopic(command);
            case "delete_topic":
                try (Admin admin = Admin.create(common())) {
                    admin.deleteTopics(List.of(text(command, "topic"))).all().get();
                }
                return null;
            case "topics":
                try (Admin admin = Admin.create(common())) {
                    return admin.listTopics().names().get().stream().sorted().toList();
                }
            case "produce":
                return produce(command);
            case "subscribe":
                return subscribe(command);
            case "poll":
                return poll(command);
            case "commit":
                consumers.get(text(command, "consumer")).commitSync(Map.of(place(command),
                    new OffsetAndMetadata(command.get("offset").asLong())));
                return null;
            case "committed":
                return committed(command);
            case "leave":
                consumers.remove(text(command, "consumer")).close();
                return null;
            case "offset_at":
                try (KafkaConsumer<String, String> reader = consumer(Map.of())) {
                    return offsetAt(reader, command);
                }
            case "read":
                return read(command);
            default:
                throw new IllegalArgumentException("unknown command");
        }
    }

    private static String text(JsonNode command, String name) {
        return command.hasNonNull(name) ? command.get(name).asText() : null;
    }

    private static TopicPartition place(JsonNode command) {
        return new TopicPartition(text(command, "topic"), command.path("partition").asInt());
    }

    private Map<String, Object> common() {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", address);
        settings.put("reconnect.backoff.max.ms", 300);
        settings.put("metadata.max.age.ms", 1000);
        return settings;
    }

    private Object createTopic(JsonNode command) throws Exception {
        Map<String, String> config = new HashMap<>();
        command.get("config").properties().forEach(
            each -> config.put(each.getKey(), each.getValue().asText()));
        NewTopic topic = new NewTopic(text(command, "topic"),
            Optional.of(command.get("partitions").asInt()), Optional.of((short) 1));
        try (Admin admin = Admin.create(common())) {
            admin.createTopics(List.of(topic.configs(config))).all().get();
        }
        return null;
    }

    private Object produce(JsonNode command) throws Exception {
        boolean oneByOne = command.path("one_by_one").asBoolean();
        Map<String, Object> settings = common();
        settings.put("compression.type", command.path("codec").asText("none"));
        settings.put("linger.ms", oneByOne ? 0 : 200);
        settings.put("batch.size", 1000000);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        try (KafkaProducer<String, String> producer =
                 new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (JsonNode each : command.get("records")) {
                Long timestamp = each.hasNonNull("timestamp") ? each.get("timestamp").asLong() : null;
                ProducerRecord<String, String> record = new ProducerRecord<>(text(command, "topic"),
                    command.path("partition").asInt(), timestamp, text(each, "key"),
                    text(each, "value"));
                each.path("headers").properties().forEach(header -> record.headers().add(
                    header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8)));
                sent.add(producer.send(record));
                if (oneByOne) {
                    sent.get(sent.size() - 1).get();
                }
            }
            for (Future<RecordMetadata> each : sent) {
                offsets.add(each.get().offset());
            }
        }
        return offsets;
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> more) {
        Map<String, Object> settings = common();
        settings.put("enable.auto.commit", false);
        settings.put("auto.offset.reset", "earliest");
        settings.putAll(more);
        return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
    }

    private Object subscribe(JsonNode command) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("group.id", text(command, "group"));
        settings.put("session.timeout.ms", 10000);
        settings.put("heartbeat.interval.ms", 300);
        settings.put("partition.assignment.strategy",
            "cooperative".equals(text(command, "strategy"))
                ? CooperativeStickyAssignor.class.getName() : RangeAssignor.class.getName());
        if (command.hasNonNull("instance")) {
            settings.put("group.instance.id", text(command, "instance"));
        }
        KafkaConsumer<String, String> member = consumer(settings);
        member.subscribe(List.of(text(command, "topic")));
        consumers.put(text(command, "consumer"), member);
        return null;
    }

    private static List<Object> taken(KafkaConsumer<String, String> consumer, long ms) {
        List<Object> found = new ArrayList<>();
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(ms))) {
            Map<String, Object> plain = new LinkedHashMap<>();
            Map<String, String> headers = new LinkedHashMap<>();
            for (Header header : record.headers()) {
                headers.put(header.key(), header.value() == null ? null
                    : new String(header.value(), StandardCharsets.UTF_8));
            }
            plain.put("topic", record.topic());
            plain.put("partition", record.partition());
            plain.put("offset", record.offset());
            plain.put("key", record.key());
            plain.put("value", record.value());
            plain.put("timestamp", record.timestamp());
            plain.put("headers", headers);
            plain.put("at", System.currentTimeMillis());
            found.add(plain);
        }
        return found;
    }

    private Object poll(JsonNode command) {
        KafkaConsumer<String, String> member = consumers.get(text(command, "consumer"));
        List<Object> records = taken(member, command.get("ms").asLong());
        return Map.of("records", records, "partitions",
            member.assignment().stream().map(TopicPartition::partition).sorted().toList());
    }

    private Object committed(JsonNode command) {
        try (KafkaConsumer<String, String> reader =
                 consumer(Map.of("group.id", text(command, "group")))) {
            OffsetAndMetadata found =
                reader.committed(java.util.Set.of(place(command))).get(place(command));
            return found == null ? -1 : found.offset();
        }
    }

    private static long offsetAt(KafkaConsumer<String, String> reader, JsonNode command) {
        OffsetAndTimestamp found = reader.offsetsForTimes(
            Map.of(place(command), command.get("timestamp").asLong())).get(place(command));
        return found == null ? -1 : found.offset();
    }

    private Object read(JsonNode command) {
        int count = command.get("count").asInt();
        long deadline = System.currentTimeMillis() + command.get("ms").asLong();
        List<Object> found = new ArrayList<>();
        try (KafkaConsumer<String, String> reader = consumer(Map.of())) {
            reader.assign(List.of(place(command)));
            reader.seek(place(command), command.hasNonNull("offset")
                ? command.get("offset").asLong() : offsetAt(reader, command));
            while (found.size() < count && System.currentTimeMillis() < deadline) {
                found.addAll(taken(reader, 200));
            }
        }
        return found.subList(0, Math.min(count, found.size()));
    }
}
