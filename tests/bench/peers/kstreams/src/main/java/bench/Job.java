package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The desk's job for one event, as peers/job.py has it: the same rules, the same records, the same limits. */
final class Job {
  /** An event that becomes a dead letter. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String why) {
      super(why, null, false, false);
    }
  }

  /** A readable event. */
  record Article(String key, ObjectNode fields, String domain, int length) {}

  /** What to write; everything but id and decision is null where it is not written. */
  record Answer(String id, byte[] decision, byte[] state, byte[] enriched, byte[] published, boolean tombstone) {}

  private record Item(String key, String title, String date, int quality, ObjectNode fields) {}

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final char[] ALPHABET = "abcdefghijklmnopqrstuvwxyz234567".toCharArray();
  private static final String[] TEXTS = {
    "category", "title", "excerpt", "publishedDateTime", "updatedDateTime", "webUrl", "ampWebUrl", "type", "locale"
  };
  private static final Comparator<Item> BEST_FIRST =
      Comparator.comparingInt(Item::quality).reversed()
          .thenComparing(Comparator.comparing(Item::date).reversed())
          .thenComparing(Comparator.comparing(Item::key).thenComparing(Item::title));

  private final Map<String, List<String>> keywords = new HashMap<>();
  private final Map<String, Integer> weights = new HashMap<>();
  private final Set<String> denied = new HashSet<>();
  private final MessageDigest sha = sha256();

  Job(Path rules) throws IOException {
    JsonNode data = MAPPER.readTree(rules.toFile());
    for (JsonNode topic : data.get("topics")) {
      List<String> words = new ArrayList<>();
      topic.get("keywords").forEach(word -> words.add(fold(word.textValue())));
      keywords.put(topic.get("name").textValue(), words);
    }
    for (JsonNode provider : data.get("providers")) {
      String domain = provider.get("domain").textValue();
      weights.put(domain, provider.path("weight").asInt(0));
      if (provider.path("deny").asBoolean(false)) {
        denied.add(domain);
      }
    }
  }

  Article read(byte[] value) throws Unreadable {
    JsonNode root;
    try {
      root = MAPPER.readTree(value);
    } catch (IOException error) {
      throw new Unreadable("not JSON");
    }
    if (!(root instanceof ObjectNode fields)) {
      throw new Unreadable("not an object");
    }
    fields.properties().removeIf(entry -> entry.getValue().isNull());
    validate(fields);
    String own = text(fields, "webUrl");
    if (own == null) {
      own = text(fields, "ampWebUrl");
    }
    if (own == null || own.isEmpty()) {
      throw new Unreadable("no URL");
    }
    String title = fields.path("title").asText("");
    if (title.isEmpty() && !fields.path("removed").asBoolean(false)) {
      throw new Unreadable("no title");
    }
    String key = urlKey(own);
    for (String name : new String[] {"publishedDateTime", "updatedDateTime"}) {
      if (fields.has(name)) {
        fields.put(name, instant(fields.get(name).textValue()));
      }
    }
    if (title.indexOf('&') >= 0) {
      fields.put("title", unescape(title));
    }
    int slash = key.indexOf('/');
    String host = slash < 0 ? key : key.substring(0, slash);
    int dot = host.lastIndexOf('.', host.lastIndexOf('.') - 1);
    return new Article(key, fields, host.substring(dot + 1), title.codePointCount(0, title.length()));
  }

  private static void validate(ObjectNode fields) throws Unreadable {
    for (String name : TEXTS) {
      need(!fields.has(name) || fields.get(name).isTextual(), name);
    }
    need(!fields.has("removed") || fields.get("removed").isBoolean(), "removed");
    provider(fields);
    need(!fields.has("topics") || fields.get("topics").isArray(), "topics");
    for (JsonNode topic : fields.path("topics")) {
      need(topic.isTextual(), "topics");
    }
    images(fields);
    need(!fields.has("related") || fields.get("related").isArray(), "related");
    for (JsonNode item : fields.path("related")) {
      need(item.isObject() && item.path("title").isTextual() && item.path("quality").isIntegralNumber(), "related");
      need(item.path("webUrl").isTextual() || item.path("ampWebUrl").isTextual(), "related");
      need(!item.has("publishedDateTime") || item.get("publishedDateTime").isTextual(), "related");
      provider(item);
      images(item);
    }
  }

  private static void provider(JsonNode fields) throws Unreadable {
    JsonNode provider = fields.path("provider");
    need(provider.isMissingNode() || provider.isObject(), "provider");
    need(!provider.has("name") || provider.get("name").isTextual(), "provider");
    need(!provider.has("domain") || provider.get("domain").isTextual(), "provider");
  }

  private static void images(JsonNode fields) throws Unreadable {
    JsonNode images = fields.path("images");
    need(images.isMissingNode() || images.isArray(), "images");
    for (JsonNode image : images) {
      need(image.path("url").isTextual(), "images");
      need(!image.has("width") || image.get("width").isIntegralNumber(), "images");
      need(!image.has("height") || image.get("height").isIntegralNumber(), "images");
    }
  }

  private static void need(boolean right, String what) throws Unreadable {
    if (!right) {
      throw new Unreadable(what);
    }
  }

  Answer decide(Article article, byte[] old, String topic, int partition, long offset) throws IOException, Unreadable {
    ObjectNode fields = article.fields();
    JsonNode known = old == null ? null : MAPPER.readTree(old);
    ObjectNode source = NODES.objectNode().put("topic", topic).put("partition", partition).put("offset", offset);
    List<Item> related = story(article);
    String digest = contentDigest(article, related);
    boolean removed = fields.path("removed").asBoolean(false);
    boolean amp = fields.has("ampWebUrl");
    String updated = text(fields, "updatedDateTime");
    if (known != null && !isNews(known, digest, updated, removed, amp)) {
      ObjectNode decision = NODES.objectNode();
      for (String name : new String[] {"articleId", "revision", "quality", "heat", "score"}) {
        decision.set(name, known.get(name));
      }
      decision.put("kind", "duplicate").set("source", source);
      return new Answer(known.get("articleId").textValue(), bytes(decision), null, null, null, false);
    }
    String identity = known != null ? known.get("articleId").textValue() : articleId(article.key());
    ArrayNode terms = NODES.arrayNode();
    int quality = score(article, terms);
    Item leader = leader(quality, text(fields, "publishedDateTime"), identity, related);
    int heat = leader != null ? -1 : quality >= 50 ? quality + 20 * related.size() : quality;
    String kind;
    if (removed) {
      kind = "retracted";
    } else if (denied.contains(article.domain())) {
      kind = "rejected";
    } else if (leader != null) {
      kind = "suppressed";
    } else {
      kind = heat >= 70 ? "published" : "held";
    }
    boolean published = kind.equals("published");
    ObjectNode standing = NODES.objectNode().put("articleId", identity);
    standing.put("revision", known != null ? known.get("revision").intValue() + 1 : removed ? 0 : 1);
    standing.put("quality", quality).put("heat", heat);
    ObjectNode score = NODES.objectNode();
    score.set("terms", terms);

    ObjectNode body = fields;
    body.setAll(standing);
    body.put("published", published);
    ArrayNode kept = body.putArray("related");
    related.forEach(item -> kept.add(item.fields()));
    byte[] publishedBytes = published ? bytes(body) : null;

    ObjectNode decision = NODES.objectNode();
    decision.setAll(standing);
    decision.set("score", score);
    decision.put("kind", kind).set("source", source);
    if (leader != null) {
      ObjectNode outranked = decision.putObject("outrankedBy").put("title", leader.title());
      outranked.put("quality", leader.quality()).put("url", text(leader.fields(), "webUrl"));
    }
    ObjectNode state = NODES.objectNode();
    state.setAll(standing);
    state.set("score", score);
    state.put("digest", digest).put("amp", amp).put("updated", updated).put("removed", removed).put("published", published);
    body.setAll(decision);
    boolean tombstone = !published && known != null && known.get("published").booleanValue();
    return new Answer(identity, bytes(decision), bytes(state), bytes(body), publishedBytes, tombstone);
  }

  private static boolean isNews(JsonNode known, String digest, String updated, boolean removed, boolean amp) {
    boolean was = known.get("removed").booleanValue();
    boolean changed = removed ? !was
        : was || !known.get("digest").textValue().equals(digest) || (amp && !known.get("amp").booleanValue());
    String before = text(known, "updated");
    return changed && !(updated != null && before != null && updated.compareTo(before) < 0);
  }

  private int score(Article article, ArrayNode terms) {
    ObjectNode fields = article.fields();
    String title = fields.path("title").asText("");
    if (title.isEmpty()) {
      return 0;
    }
    JsonNode topics = fields.path("topics");
    List<String> names = new ArrayList<>();
    List<String> hits = new ArrayList<>();
    String folded = fold(title);
    for (JsonNode topic : topics) {
      names.add(topic.textValue());
      for (String word : keywords.getOrDefault(topic.textValue(), List.of())) {
        if (standsAlone(word, folded)) {
          hits.add(word);
        }
      }
    }
    int quality = 0;
    if (!names.isEmpty()) {
      quality += term(terms, "topics", 2 * names.size(), names.size() + " x 2: " + String.join(", ", names));
    }
    if (!hits.isEmpty()) {
      quality += term(terms, "keywords", 15 * hits.size(), hits.size() + " x 15 in the title: " + String.join(", ", hits));
    }
    if (!fields.path("images").isEmpty()) {
      quality += term(terms, "image", 20, "has an image");
    }
    if (fields.has("ampWebUrl")) {
      quality += term(terms, "amp", 20, "has an AMP page");
    }
    int weight = weights.getOrDefault(article.domain(), 0);
    if (weight != 0) {
      quality += term(terms, "provider", weight, article.domain() + " weighs " + weight);
    }
    int over = Math.max(0, article.length() - 70) / 2;
    if (over > 0) {
      quality += term(terms, "title_length", -over, article.length() + " characters");
    }
    if (quality < 0) {
      quality += term(terms, "floor", -quality, "no quality is below 0");
    }
    return quality;
  }

  private static int term(ArrayNode terms, String name, int points, String because) {
    terms.addObject().put("name", name).put("points", points).put("because", because);
    return points;
  }

  private static boolean standsAlone(String word, String text) {
    for (int start = text.indexOf(word); start >= 0; start = text.indexOf(word, start + 1)) {
      int end = start + word.length();
      boolean before = start == 0 || !Character.isLetterOrDigit(text.charAt(start - 1));
      if (before && (end == text.length() || !Character.isLetterOrDigit(text.charAt(end)))) {
        return true;
      }
    }
    return false;
  }

  /** The related articles, the best first, without the article itself and copies. */
  private static List<Item> story(Article article) throws Unreadable {
    List<Item> found = new ArrayList<>();
    for (JsonNode node : article.fields().path("related")) {
      ObjectNode item = (ObjectNode) node;
      String url = text(item, "webUrl");
      String key = urlKey(url != null ? url : text(item, "ampWebUrl"));
      if (key.equals(article.key())) {
        continue;
      }
      String date = text(item, "publishedDateTime");
      if (date != null) {
        date = instant(date);
        item.put("publishedDateTime", date);
      }
      found.add(new Item(key, text(item, "title"), date == null ? "" : date, item.get("quality").intValue(), item));
    }
    found.sort(BEST_FIRST);
    Set<String> keys = new HashSet<>();
    found.removeIf(item -> !keys.add(item.key()));
    return found;
  }

  private Item leader(int quality, String date, String identity, List<Item> related) {
    if (related.isEmpty() || related.get(0).quality() < quality) {
      return null;
    }
    if (related.get(0).quality() > quality) {
      return related.get(0);
    }
    Item first = null;
    String best = precedence(date, identity);
    for (Item item : related) {
      if (item.quality() == quality) {
        String place = precedence(item.date(), articleId(item.key()));
        if (place.compareTo(best) < 0) {
          best = place;
          first = item;
        }
      }
    }
    return first;
  }

  private static String precedence(String date, String identity) {
    return (date == null || date.isEmpty() ? "~" : date.substring(0, date.length() - 1)) + "\n" + identity;
  }

  private String contentDigest(Article article, List<Item> related) throws IOException {
    ObjectNode fields = article.fields();
    ArrayNode parts = NODES.arrayNode();
    for (String name : TEXTS) {
      if (!name.endsWith("Url")) {
        parts.add(fields.path(name));
      }
    }
    parts.add(fields.path("topics")).add(fields.path("provider").path("name")).add(article.domain());
    for (JsonNode image : fields.path("images")) {
      parts.add(image.get("url")).add(image.path("width")).add(image.path("height"));
    }
    List<String> items = new ArrayList<>();
    for (Item item : related) {
      items.add(item.key() + "\n" + item.title() + "\n" + item.date() + "\n" + item.quality() + "\n" + item.fields().has("ampWebUrl"));
    }
    Collections.sort(items);
    items.forEach(parts::add);
    return HexFormat.of().formatHex(sha.digest(parts.toString().getBytes(StandardCharsets.UTF_8)), 0, 8);
  }

  static String urlKey(String url) throws Unreadable {
    int scheme = url.startsWith("https://") ? 8 : url.startsWith("http://") ? 7 : 0;
    if (scheme == 0) {
      throw new Unreadable("bad URL");
    }
    int hash = url.indexOf('#');
    String rest = hash < 0 ? url.substring(scheme) : url.substring(scheme, hash);
    int mark = rest.indexOf('?');
    String query = mark < 0 ? "" : rest.substring(mark + 1);
    String place = mark < 0 ? rest : rest.substring(0, mark);
    int slash = place.indexOf('/');
    String host = (slash < 0 ? place : place.substring(0, slash)).toLowerCase(Locale.ROOT);
    String path = slash < 0 ? "" : place.substring(slash);
    if (host.isEmpty()) {
      throw new Unreadable("bad URL");
    }
    for (String prefix : new String[] {"www.", "m.", "amp."}) {
      if (host.startsWith(prefix)) {
        host = host.substring(prefix.length());
      }
    }
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    if (path.endsWith("/amp") || path.endsWith(".amp")) {
      path = path.substring(0, path.length() - 4);
    }
    if (query.isEmpty()) {
      return host + path;
    }
    List<String> kept = new ArrayList<>();
    for (String part : query.split("&")) {
      if (!part.isEmpty() && !part.startsWith("utm_") && !part.startsWith("fbclid") && !part.startsWith("gclid")) {
        kept.add(part);
      }
    }
    Collections.sort(kept);
    return kept.isEmpty() ? host + path : host + path + "?" + String.join("&", kept);
  }

  private String articleId(String key) {
    sha.update(new byte[] {'v', '1', 0});
    byte[] digest = sha.digest(key.getBytes(StandardCharsets.UTF_8));
    char[] id = new char[26];
    long bits = 0;
    int held = 0;
    int next = 0;
    for (int i = 0; i < id.length; i++) {
      while (held < 5) {
        bits = bits << 8 | digest[next++] & 0xff;
        held += 8;
      }
      held -= 5;
      id[i] = ALPHABET[(int) (bits >> held & 31)];
    }
    return new String(id);
  }

  private static String instant(String text) throws Unreadable {
    try {
      OffsetDateTime moment = OffsetDateTime.parse(text);
      return text.endsWith("Z") ? text : moment.toInstant().toString();
    } catch (DateTimeException error) {
      throw new Unreadable("bad date");
    }
  }

  private static String unescape(String text) {
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#039;", "'").replace("&amp;", "&");
  }

  private static String fold(String text) {
    return text.toLowerCase(Locale.ROOT).replace('-', ' ');
  }

  private static String text(JsonNode node, String name) {
    JsonNode found = node.get(name);
    return found == null || found.isNull() ? null : found.textValue();
  }

  private static byte[] bytes(JsonNode node) throws IOException {
    return MAPPER.writeValueAsBytes(node);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }
}
