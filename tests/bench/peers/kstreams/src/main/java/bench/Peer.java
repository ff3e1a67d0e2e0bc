package bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** The desk's job on Kafka Streams: one processor, one RocksDB store with its changelog, four sinks, exactly_once_v2. */
public final class Peer {
  private static final String STORE = "articles";
  private static final Map<String, String> ENV = System.getenv();

  private static final class Desk implements Processor<byte[], byte[], byte[], byte[]> {
    private final AtomicLong answered;
    private final Job job;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<String, byte[]> store;

    Desk(AtomicLong answered) {
      this.answered = answered;
      try {
        this.job = new Job(Path.of(ENV.get("BENCH_RULES")));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> given) {
      context = given;
      store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> event) {
      answered.incrementAndGet();
      RecordMetadata place = context.recordMetadata().orElseThrow();
      try {
        Job.Article article = job.read(event.value());
        byte[] old = store.get(article.key());
        Job.Answer answer = job.decide(article, old, place.topic(), place.partition(), place.offset());
        byte[] id = answer.id().getBytes(StandardCharsets.US_ASCII);
        if (answer.state() != null) {
          store.put(article.key(), answer.state());
          context.forward(event.withKey(id).withValue(answer.enriched()), "enriched");
        }
        if (answer.published() != null || answer.tombstone()) {
          context.forward(event.withKey(id).withValue(answer.published()), "published");
        }
        context.forward(event.withKey(id).withValue(answer.decision()), "decisions");
      } catch (Job.Unreadable error) {
        context.forward(event, "dead");
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }

  private static Topology topology(AtomicLong answered, String suffix) {
    Topology topology = new Topology();
    topology.addSource("in", ENV.get("BENCH_IN"));
    topology.addProcessor("desk", () -> new Desk(answered), "in");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.ByteArray()), "desk");
    for (String sink : new String[] {"enriched", "published", "decisions", "dead"}) {
      topology.addSink(sink, ENV.get("BENCH_OUT") + sink + suffix, "desk");
    }
    return topology;
  }

  private static KafkaStreams start(String application, String suffix, AtomicLong answered) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, ENV.get("BENCH_BOOTSTRAP"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, ENV.get("BENCH_STATE"));
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, ENV.get("BENCH_THREADS"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
    KafkaStreams streams = new KafkaStreams(topology(answered, suffix), settings);
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
    });
    streams.start();
    return streams;
  }

  /** One pass over the same input under another application id warms the JVM up; then the pass that is measured. */
  public static void main(String[] arguments) throws InterruptedException {
    String application = ENV.get("BENCH_GROUP");
    long events = Long.parseLong(ENV.get("BENCH_EVENTS"));
    AtomicLong warmed = new AtomicLong();
    KafkaStreams warm = start(application + "-warm", ".warm", warmed);
    while (warmed.get() < events) {
      Thread.sleep(50);
    }
    Thread.sleep(500);
    warm.close();
    KafkaStreams streams = start(application, "", new AtomicLong());
    CountDownLatch stopped = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      streams.close(Duration.ofSeconds(10));
      stopped.countDown();
    }));
    stopped.await();
  }

  private Peer() {}
}
