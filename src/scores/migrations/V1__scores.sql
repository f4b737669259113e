-- Ids are Discord's, times are milliseconds since 1970 in UTC, days are YYYY-MM-DD in the zone of
-- the schedule, sets of choices are bits. A table that is clustered is kept in the order of its key
-- alone, not in one of its own besides, so that an answer writes fewer pages.

CREATE TABLE setting (
    name {{text}} NOT NULL PRIMARY KEY,
    value {{text}} NOT NULL
);

CREATE TABLE guild (
    id {{id}},
    zone {{text}} NOT NULL,
    season {{text}} NOT NULL,
    recap BIGINT NOT NULL,
    recapped {{text}},
    recap_week {{text}},
    recap_first_at BIGINT,
    recap_until BIGINT
);

-- Servers of which something is kept although the bot is not in them, since the first of the looks that
-- did not find it there.
CREATE TABLE gone (
    guild {{id}},
    since BIGINT NOT NULL
);

CREATE TABLE schedule (
    id {{id}},
    guild BIGINT NOT NULL,
    name {{text}} NOT NULL,
    channel BIGINT NOT NULL,
    local_time {{text}} NOT NULL,
    zone {{text}} NOT NULL,
    weekdays {{text}} NOT NULL,
    topics {{text}} NOT NULL,
    difficulties {{text}} NOT NULL,
    ping_role BIGINT,
    feedback {{text}} NOT NULL,
    may_change BIGINT NOT NULL,
    grading {{text}} NOT NULL,
    open_minutes BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    state {{text}} NOT NULL,
    reason {{text}},
    n_failed BIGINT NOT NULL,
    since BIGINT NOT NULL,
    organiser BIGINT NOT NULL,
    told_low {{text}},
    UNIQUE (guild, name)
);

-- A round that is due, posted, closed, or was skipped. Number 0 of a day is the scheduled one. The texts
-- of what it asks stand last, behind all that an answer needs of the row.
CREATE TABLE round (
    id {{id}},
    schedule BIGINT NOT NULL,
    guild BIGINT NOT NULL,
    day {{text}} NOT NULL,
    number BIGINT NOT NULL,
    question {{text}},
    topic {{text}},
    difficulty {{text}},
    shown {{text}},
    right_choices BIGINT,
    feedback {{text}} NOT NULL,
    may_change BIGINT NOT NULL,
    grading {{text}} NOT NULL,
    open_minutes BIGINT NOT NULL,
    state {{text}} NOT NULL,
    reason {{text}},
    due_at BIGINT NOT NULL,
    first_try_at BIGINT,
    opened_at BIGINT,
    closes_at BIGINT,
    channel BIGINT NOT NULL,
    message BIGINT,
    generation BIGINT NOT NULL,
    owner {{text}} NOT NULL,
    epoch BIGINT NOT NULL,
    wake_at BIGINT,
    counted BIGINT NOT NULL,
    voided BIGINT NOT NULL,
    texts {{text}},
    UNIQUE (schedule, day, number)
);
-- With all that is asked once a minute of every open round: its row, with its texts, is half a page.
CREATE INDEX round_wake ON round (wake_at, id, state, counted) WHERE wake_at IS NOT NULL;
CREATE INDEX round_day ON round (guild, day);
CREATE INDEX round_message ON round (message) WHERE message IS NOT NULL;

-- How often a schedule asked or skipped a question.
CREATE TABLE drawn (
    schedule BIGINT NOT NULL,
    question {{text}} NOT NULL,
    times BIGINT NOT NULL,
    last_day {{text}} NOT NULL,
    PRIMARY KEY (schedule, question)
);

CREATE TABLE pin (
    schedule BIGINT NOT NULL,
    place BIGINT NOT NULL,
    question {{text}} NOT NULL,
    PRIMARY KEY (schedule, place)
);

-- Everything that ever gave or took points; rows are only added. A score is a sum over them.
-- Number 0 is the first answer of a member in a round, so that there can be only one.
CREATE TABLE event (
    round BIGINT NOT NULL,
    member BIGINT NOT NULL,
    number BIGINT NOT NULL,
    guild BIGINT NOT NULL,
    kind {{text}} NOT NULL,
    choices BIGINT,
    points BIGINT NOT NULL,
    n_answered BIGINT NOT NULL,
    n_right BIGINT NOT NULL,
    day {{text}} NOT NULL,
    topic {{text}} NOT NULL,
    at BIGINT NOT NULL,
    interaction BIGINT,
    actor BIGINT,
    reason {{text}},
    PRIMARY KEY (round, member, number)
){{clustered}};

-- Events that the sums do not hold yet, one behind the other, so that those of one moment stand on one
-- page. A row comes in the transaction of its event and goes, with many others, in the one that adds
-- them to the sums; `taken` is 1 in that one alone. So an answer writes three pages, and not one for
-- every board.
CREATE TABLE pending (
    id {{serial}},
    round BIGINT NOT NULL,
    member BIGINT NOT NULL,
    number BIGINT NOT NULL,
    taken BIGINT NOT NULL
);

-- Events of sealed rounds that are not over: they stand here in the place of `pending`, so that no sum
-- tells who was right, and go there in the transaction in which their round closes; `taken` is 1 in that
-- one alone. Those of one round and moment stand on one page.
CREATE TABLE sealed (
    round BIGINT NOT NULL,
    at BIGINT NOT NULL,
    member BIGINT NOT NULL,
    number BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (round, at, member, number)
){{clustered}};

-- A board whose sums are kept; the topic is empty where all count.
CREATE TABLE board (
    id {{serial}},
    guild BIGINT NOT NULL,
    period {{text}} NOT NULL,
    topic {{text}} NOT NULL,
    UNIQUE (guild, period, topic)
);

-- Sums over events, but for those that are pending or sealed.
CREATE TABLE total (
    member BIGINT NOT NULL,
    board BIGINT NOT NULL,
    points BIGINT NOT NULL,
    n_answered BIGINT NOT NULL,
    n_right BIGINT NOT NULL,
    reached_at BIGINT NOT NULL,
    shown BIGINT NOT NULL,
    PRIMARY KEY (member, board)
){{clustered}};
CREATE INDEX total_board ON total (board, shown, points DESC, reached_at, member);

-- How many of those who are shown stand on a board with just so many points: a rank is a sum over a few
-- of these, however many people there are.
CREATE TABLE step (
    board BIGINT NOT NULL,
    points BIGINT NOT NULL,
    n_members BIGINT NOT NULL,
    PRIMARY KEY (board, points)
){{clustered}};

CREATE TABLE member (
    guild BIGINT NOT NULL,
    id BIGINT NOT NULL,
    shown BIGINT NOT NULL,
    hidden BIGINT NOT NULL,
    departed BIGINT NOT NULL,
    streak BIGINT NOT NULL,
    streak_best BIGINT NOT NULL,
    freezes BIGINT NOT NULL,
    n_toward BIGINT NOT NULL,
    last_day {{text}},
    PRIMARY KEY (guild, id)
){{clustered}};

CREATE TABLE report (
    round BIGINT NOT NULL,
    member BIGINT NOT NULL,
    guild BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (round, member)
);

-- What organisers did, and by which event of the chat: an event that several processes hear acts once.
CREATE TABLE act (
    id {{serial}},
    guild BIGINT NOT NULL,
    actor BIGINT NOT NULL,
    at BIGINT NOT NULL,
    what {{text}} NOT NULL,
    detail {{text}} NOT NULL,
    interaction BIGINT
);
CREATE UNIQUE INDEX act_interaction ON act (interaction) WHERE interaction IS NOT NULL;
CREATE INDEX act_guild ON act (guild, id);

-- What somebody got wrong, as they knew it after the newest answer that counts. The memory is two
-- fractions, written out: every database gives back the same. Mistakes in rounds are events alone.
CREATE TABLE review (
    guild BIGINT NOT NULL,
    member BIGINT NOT NULL,
    question {{text}} NOT NULL,
    stability {{text}} NOT NULL,
    difficulty {{text}} NOT NULL,
    at BIGINT NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (guild, member, question)
){{clustered}};

CREATE TABLE practice (
    guild BIGINT NOT NULL,
    member BIGINT NOT NULL,
    questions {{text}} NOT NULL,
    place BIGINT NOT NULL,
    n_right BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (guild, member)
);

-- What the notes did not answer: a question, named by its words in small letters, or a section that did not
-- help, named by its id. Nothing says who asked.
CREATE TABLE gap (
    kind {{text}} NOT NULL,
    name {{text}} NOT NULL,
    text {{text}} NOT NULL,
    n_met BIGINT NOT NULL,
    n_helped BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX gap_last ON gap (last);
