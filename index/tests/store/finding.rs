//! What a person asks, and what stands first.

use studyhall_index::{Index, Section, SectionKey};

use crate::world::{World, hits, search};

const NOTES: [(&str, &str); 9] = [
    (
        "ec2.md",
        "---\naliases: [Elastic Compute Cloud]\ntags: [compute]\n---\n# EC2\n\nVirtual servers that run \
         in the cloud.\n\n## Instance store\n\nA disk inside the host. Its data is lost when the \
         instance stops.\n\n## Spot instances\n\nSpare capacity at a discount; interrupted with two \
         minutes of notice.\n\n## Placement groups\n\n- Cluster: low latency in one zone\n- Spread: \
         seven instances per zone\n- Partition: large distributed workloads\n",
    ),
    (
        "s3.md",
        "---\ntags: [storage]\n---\n# S3\n\nObject storage with unlimited capacity.\n\n## Versioning\n\nKeeps \
         every version of an object. Deleting adds a delete marker.\n\n## Storage classes\n\n| Class | \
         Retrieval | Fee |\n|---|---|---|\n| Standard | milliseconds | none |\n| Glacier Flexible | \
         minutes to hours | per request |\n| Glacier Deep Archive | twelve hours | per request |\n\n\
         ## Lifecycle rules\n\nMove objects between storage classes by age.\n",
    ),
    (
        "ebs.md",
        "---\ntags: [storage]\n---\n# EBS\n\nElastic Block Store (EBS) is a network drive for one \
         instance.\n\n## Snapshots\n\nIncremental copies of a volume.\n\n## EBS vs EFS\n\nA volume \
         belongs to one instance in one zone; a file system is shared by many.\n",
    ),
    (
        "efs.md",
        "---\ntags: [storage]\n---\n# EFS\n\nElastic File System (EFS) is shared by many instances.\n\n\
         ## Throughput modes\n\nBursting, provisioned, elastic.\n",
    ),
    (
        "sqs.md",
        "---\ntags: [messaging]\n---\n# SQS\n\nSimple Queue Service (SQS) keeps messages until \
         somebody takes them.\n\n## Visibility timeout\n\nA message that was received is hidden from \
         others. The default is 30 seconds. The maximum is 12 hours.\n\n## Dead letter queue\n\nA Dead \
         Letter Queue (DLQ) takes messages that failed too often.\n\n## Monitoring\n\nWatch the age of \
         the oldest message. An alarm on the DLQ tells of failures; a DLQ that grows needs a look. \
         The DLQ has a retention of its own.\n",
    ),
    (
        "beanstalk.md",
        "# Elastic Beanstalk\n\nDeploys web applications without servers to look after.\n\n\
         ## Deployment policies\n\nAll at once, rolling, immutable.\n",
    ),
    (
        "vpc.md",
        "# VPC\n\nA private network.\n\n## NAT gateway vs NAT instance\n\nThe gateway is managed and \
         scales; the instance is a server of yours.\n\n## NAT gateway\n\nLets private subnets reach the \
         internet.\n\n## NAT instance\n\nA server that forwards for private subnets.\n\n\
         ## Security groups\n\n## Endpoints\n\nReach services without the internet. Security groups \
         guard interface endpoints.\n",
    ),
    (
        "kms.md",
        "# KMS\n\nKeys for encryption.\n\n## Key rotation\n\nOnce a year for keys of our own.\n\n\
         ## Grants\n\nLend a key for a time.\n",
    ),
    (
        "lambda.md",
        "# Lambda\n\nRuns functions on demand.\n\n## Timeout\n\nFifteen minutes at most.\n\n\
         ## Concurrency\n\nReserved concurrency caps a function. The default for an account is 1000.\n",
    ),
];

fn index() -> (World, Index) {
    let world = World::new(&NOTES);
    let index = world.built();
    (world, index)
}

/// The question is answered, and by this section.
#[track_caller]
fn check(question: &str, id: &str) {
    let (_world, index) = index();
    let found = search(&index, question);
    let ids: Vec<String> = found.hits.iter().map(|hit| hit.section.id()).collect();
    assert_eq!(
        ids.first().map(String::as_str),
        Some(id),
        "{question}: {ids:?}"
    );
    assert!(found.answered, "{question}: {}", found.confidence);
}

#[track_caller]
fn check_quote(question: &str, quote: &str) {
    let (_world, index) = index();
    let found = search(&index, question);
    let first = found.hits.first().and_then(|hit| hit.quote.as_ref());
    let text = first.map(|quote| quote.text.as_str());
    assert_eq!(text, Some(quote), "{question}");
}

#[test]
fn only_the_quotes_that_are_asked_for_are_chosen() {
    let (_world, index) = index();
    let question = "visibility timeout";
    let all = search(&index, question).hits;
    assert!(all.len() >= 2, "{}", all.len());
    for n_quotes in [0, 1, 2] {
        let found = index.search_quoting(question, None, all.len(), n_quotes);
        let some = found.expect("a search").hits;
        assert_eq!(some.len(), all.len());
        for (place, (one, whole)) in some.iter().zip(&all).enumerate() {
            assert_eq!(one.section.id(), whole.section.id());
            let quote = whole.quote.as_ref().filter(|_| place < n_quotes);
            assert_eq!(one.quote.as_ref(), quote);
        }
    }
}

#[track_caller]
fn check_refused(question: &str) {
    let (_world, index) = index();
    let found = search(&index, question);
    let ids: Vec<String> = found.hits.iter().map(|hit| hit.section.id()).collect();
    assert!(!found.answered, "{question}: {} {ids:?}", found.confidence);
}

/// What was read differently, as `typed > read`.
fn corrections(question: &str) -> Vec<String> {
    let (_world, index) = index();
    let corrections = search(&index, question).corrections.into_iter();
    corrections
        .map(|correction| format!("{} > {}", correction.typed, correction.read_as))
        .collect()
}

#[test]
fn an_exact_title_comes_first() {
    check("S3", "s3.md#s3");
    check("EBS", "ebs.md#ebs");
    check("kms", "kms.md#kms");
    check("versioning", "s3.md#versioning");
    check("NAT gateway", "vpc.md#nat-gateway");
    check("nat instance", "vpc.md#nat-instance");
    check("instance store", "ec2.md#instance-store");
}

#[test]
fn a_title_of_several_words_comes_before_headings_that_only_add_small_words() {
    let world = World::new(&[(
        "depot.md",
        "# Parcel Depot\n\nWhere boxes wait for a day.\n\n## What the Parcel Depot is for\n\n\
         A parcel depot keeps each parcel until the depot is full, and the parcel depot then sends it.\n",
    )]);
    let found = search(&world.built(), "parcel depot");
    assert_eq!(found.hits[0].section.id(), "depot.md#parcel-depot");
}

#[test]
fn an_alias_is_a_title() {
    check("Elastic Compute Cloud", "ec2.md#ec2");
    check("what is elastic compute cloud?", "ec2.md#ec2");
}

#[test]
fn an_alias_comes_before_a_heading_that_only_holds_it() {
    let world = World::new(&[
        (
            "a.md",
            "---\naliases: [parcel shelf]\n---\n# Depot\n\nWhere boxes wait.\n",
        ),
        (
            "b.md",
            "# Parcel shelf limits\n\nA parcel shelf holds ten. The parcel shelf bends. Each parcel \
             on the shelf is weighed, and a parcel shelf is swept daily.\n",
        ),
    ]);
    let found = search(&world.built(), "parcel shelf");
    let first = found.hits.first().map(|hit| hit.section.id());
    assert_eq!(first.as_deref(), Some("a.md#depot"));
    assert!(found.answered, "{}", found.confidence);
}

#[test]
fn of_two_words_as_near_the_commoner_is_meant() {
    let world = World::new(&[
        ("a.md", "# A\n\nThe blorbax.\n"),
        (
            "b.md",
            "# B\n\nThe blorbex.\n\n## C\n\nA blorbex.\n\n## D\n\nOne blorbex.\n",
        ),
    ]);
    let corrections = search(&world.built(), "blorbox").corrections;
    let read_as = corrections
        .first()
        .map(|correction| correction.read_as.as_str());
    assert_eq!(read_as, Some("blorbex"));
}

#[test]
fn short_and_long_form_are_one() {
    check("DLQ", "sqs.md#dead-letter-queue");
    check("what is a DLQ?", "sqs.md#dead-letter-queue");
    check("dead letter queues", "sqs.md#dead-letter-queue");
    check("elastic block store", "ebs.md#ebs");
    check("simple queue service", "sqs.md#sqs");
}

#[test]
fn a_long_form_amid_a_question_finds_its_short_form() {
    let (_world, index) = index();
    let found = hits(&index, "visibility of a dead letter queue");
    // That section names the queue by its short form alone.
    assert!(
        found.iter().any(|id| id == "sqs.md#monitoring"),
        "{found:?}"
    );
}

#[test]
fn words_that_a_question_brings_along_change_nothing() {
    let (_world, index) = index();
    let bare = hits(&index, "visibility timeout");
    for question in [
        "What is the visibility timeout?",
        "could you please tell me about the visibility timeout",
        "how do i use visibility timeout",
        "Explain visibility timeout",
    ] {
        assert_eq!(hits(&index, question)[0], bare[0], "{question}");
        assert!(search(&index, question).answered, "{question}");
    }
}

#[test]
fn a_question_of_nothing_but_question_words_is_refused() {
    check_refused("what is the");
    check_refused("how do I");
    check_refused("");
    check_refused("???");
}

#[test]
fn other_forms_of_a_word_are_that_word() {
    check("snapshot", "ebs.md#snapshots");
    check("rotating keys", "kms.md#key-rotation");
    check("how are keys rotated", "kms.md#key-rotation");
}

#[test]
fn a_slip_is_forgiven_and_said() {
    check("elastik beanstalk", "beanstalk.md#elastic-beanstalk");
    check("visibilty timeout", "sqs.md#visibility-timeout");
    check("versionning", "s3.md#versioning");
    assert_eq!(corrections("elastik beanstalk"), ["elastik > elastic"]);
    assert_eq!(corrections("elastic beanstalk"), Vec::<String>::new());
}

#[test]
fn codes_acronyms_and_english_words_are_never_forgiven() {
    for question in [
        "S4",
        "EC3",
        "SQX",
        "EFX",
        "KMZ buckets2",
        "ELASTIK",
        "ec2instances9",
        "s3s3s",
        // Words of the language, each one or two edits from one of the notes.
        "bake",
        "sourdough bread",
        "lamb",
        "message massage",
        "contain",
        "roasting",
        "spotted",
    ] {
        assert_eq!(corrections(question), Vec::<String>::new(), "{question}");
    }
    check_refused("S4");
    check_refused("EC3");
}

#[test]
fn what_the_notes_do_not_hold_is_refused() {
    check_refused("how do I bake sourdough bread");
    check_refused("who won the football world cup");
    check_refused("recipe for tomato soup");
    check_refused("kubernetes operators");
    check_refused("what is the capital of France?");
}

#[test]
fn refusal_still_names_what_is_nearest() {
    let (_world, index) = index();
    let found = search(
        &index,
        "how long may a train from Vienna wait for a message",
    );
    assert!(!found.answered, "{}", found.confidence);
    assert!(!found.hits.is_empty());
}

#[test]
fn a_definition_stands_before_details_that_repeat_the_name() {
    check("what is SQS", "sqs.md#sqs");
    check("what is a dlq", "sqs.md#dead-letter-queue");
    check("what is lambda?", "lambda.md#lambda");
    check("what is EFS", "efs.md#efs");
}

#[test]
fn a_heading_without_text_does_not_win() {
    check(
        "security groups for interface endpoints",
        "vpc.md#endpoints",
    );
}

#[test]
fn the_heading_that_names_both_sides_compares() {
    check(
        "what is the difference between EBS and EFS?",
        "ebs.md#ebs-vs-efs",
    );
    check("EFS vs EBS", "ebs.md#ebs-vs-efs");
    check(
        "compare NAT gateway and NAT instance",
        "vpc.md#nat-gateway-vs-nat-instance",
    );
    check(
        "NAT gateway vs NAT instance",
        "vpc.md#nat-gateway-vs-nat-instance",
    );
}

#[test]
fn words_of_the_text_find_the_section() {
    check("spare capacity at a discount", "ec2.md#spot-instances");
    check("delete marker", "s3.md#versioning");
    check(
        "is the data lost when the instance stops",
        "ec2.md#instance-store",
    );
}

#[test]
fn a_topic_narrows_the_search() {
    let (_world, index) = index();
    let of = |topic| {
        let found = index.search("timeout of instances", Some(topic), 50);
        let hits = found.expect("a search succeeds").hits.into_iter();
        let mut notes: Vec<String> = hits.map(|hit| hit.section.path).collect();
        notes.sort();
        notes.dedup();
        notes
    };
    assert_eq!(of("compute"), ["ec2.md"]);
    assert_eq!(of("Compute "), ["ec2.md"]);
    assert_eq!(of("storage"), ["ebs.md", "efs.md"]);
    assert_eq!(of("lambda"), ["lambda.md"]);
    assert_eq!(of("no such topic"), Vec::<String>::new());
    let names: Vec<String> = index.topics().into_iter().map(|topic| topic.name).collect();
    for name in ["storage", "EC2", "Elastic Beanstalk", "messaging"] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} in {names:?}"
        );
    }
    for topic in index.topics() {
        assert!(
            index
                .section(topic.first)
                .expect("a look succeeds")
                .is_some()
        );
    }
}

#[test]
fn the_quote_is_the_sentence_item_or_row() {
    check_quote("default visibility timeout", "The default is 30 seconds.");
    check_quote("maximum visibility timeout", "The maximum is 12 hours.");
    check_quote(
        "spread placement groups",
        "Spread: seven instances per zone",
    );
    check_quote(
        "glacier deep archive retrieval",
        "Glacier Deep Archive — Retrieval: twelve hours; Fee: per request",
    );
}

#[test]
fn the_best_hit_explains_its_score() {
    let (_world, index) = index();
    let found = search(&index, "default visibility timeout");
    for hit in &found.hits {
        assert!(!hit.reasons.is_empty(), "{hit:?}");
    }
    let scores: Vec<f32> = found.hits.iter().map(|hit| hit.score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let product: f32 = found.hits[0]
        .reasons
        .iter()
        .map(|reason| reason.value)
        .product();
    assert!(
        (product / scores[0] - 1.0).abs() < 0.02,
        "{product} is {}",
        scores[0]
    );
}

#[test]
fn a_section_is_named_by_id_path_or_heading() {
    let (_world, index) = index();
    for (name, id) in [
        ("s3.md#versioning", "s3.md#versioning"),
        ("  s3.md#versioning ", "s3.md#versioning"),
        ("s3.md", "s3.md#s3"),
        ("Versioning", "s3.md#versioning"),
        ("visibility timeouts", "sqs.md#visibility-timeout"),
        ("Elastic Compute Cloud", "ec2.md#ec2"),
    ] {
        let found = index.resolve(name).expect("a look succeeds");
        assert_eq!(found, Some(SectionKey::of(id)), "{name}");
    }
    for name in [
        "",
        " ",
        "s3.md#nothing",
        "nowhere.md",
        "no such heading",
        "#",
    ] {
        assert_eq!(
            index.resolve(name).expect("a look succeeds"),
            None,
            "{name:?}"
        );
    }
}

#[test]
fn neighbours_lead_through_a_note_and_its_long_sections() {
    let paragraph = format!("{}\n\n", "A sentence that fills the section. ".repeat(30));
    let text = format!(
        "# Long\n\nFirst.\n\n## Middle\n\n{}## Last\n\nEnd.\n",
        paragraph.repeat(12)
    );
    let world = World::new(&[("long.md", &text), ("other.md", "# Other\n\nText.\n")]);
    let index = world.built();
    let expected = studyhall_index::parse("long.md", &text).sections;
    assert!(expected.len() > 4, "{}", expected.len());
    let mut at = Some(expected[0].key());
    let mut before = None;
    let mut walked = Vec::new();
    while let Some(key) = at {
        let placed = index
            .section(key)
            .expect("a look succeeds")
            .expect("a section");
        assert_eq!(placed.previous, before, "{}", placed.section.id());
        walked.push(placed.section.id());
        before = Some(key);
        at = placed.next;
    }
    let ids: Vec<String> = expected.iter().map(Section::id).collect();
    assert_eq!(walked, ids);
    assert!(walked[2].ends_with("~2"), "{walked:?}");
}

#[test]
fn every_suggestion_opens_what_it_offers() {
    let (_world, index) = index();
    for typed in [
        "",
        "e",
        "el",
        "ela",
        "vis",
        "s3",
        "nat i",
        "gateway nat",
        "S",
        "  time",
        "ebs sn",
    ] {
        let names = index.suggest(typed, 25);
        assert!(!names.is_empty(), "{typed}");
        for name in names {
            let placed = index.section(name.key).expect("a look succeeds");
            let section = placed.expect("it opens").section;
            assert_eq!(section.heading_path, name.heading_path, "{typed}");
            assert_eq!(section.key(), name.key);
        }
    }
    assert_eq!(index.suggest("zzz", 25), []);
    assert_eq!(index.suggest("e", 3).len(), 3);
}

#[test]
fn suggestions_begin_as_typed() {
    let (_world, index) = index();
    let first = |typed: &str| {
        let names = index.suggest(typed, 1);
        names.first().map(|name| name.heading_path.join(" > "))
    };
    assert_eq!(first("vers").as_deref(), Some("S3 > Versioning"));
    assert_eq!(first("VISIB").as_deref(), Some("SQS > Visibility timeout"));
    assert_eq!(
        first("nat gateway v").as_deref(),
        Some("VPC > NAT gateway vs NAT instance")
    );
    assert_eq!(first("time").as_deref(), Some("Lambda > Timeout"));
}
