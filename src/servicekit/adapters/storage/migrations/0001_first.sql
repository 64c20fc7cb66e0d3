-- Instants are microseconds since 1970 (UTC), spans microseconds, truth 0 or 1, nested values JSON text.
-- Every statement runs as it is on SQLite and on PostgreSQL.

CREATE TABLE groups (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL,
    parent TEXT REFERENCES groups (id),
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    settings TEXT NOT NULL,
    free BIGINT NOT NULL DEFAULT 0,
    removed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX groups_parent ON groups (parent);
CREATE INDEX groups_organisation ON groups (organisation);
CREATE UNIQUE INDEX groups_free ON groups (free) WHERE free = 1;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    "group" TEXT NOT NULL REFERENCES groups (id),
    email TEXT NOT NULL,
    number TEXT,
    signature TEXT,
    mobile TEXT NOT NULL DEFAULT '',
    removed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX users_group ON users ("group", email);
CREATE INDEX users_known ON users (email);
CREATE UNIQUE INDEX users_email ON users (email) WHERE removed = 0;

CREATE TABLE domains (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    "group" TEXT REFERENCES groups (id)
);
CREATE INDEX domains_group ON domains ("group");

CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    principal TEXT NOT NULL,
    scopes TEXT NOT NULL,
    "group" TEXT NOT NULL REFERENCES groups (id),
    since BIGINT,
    until BIGINT,
    customer TEXT,
    facilities TEXT,
    unassigned BIGINT NOT NULL DEFAULT 1,
    given_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX grants_principal ON grants (principal);
CREATE INDEX grants_group ON grants ("group");

CREATE TABLE numbers (
    number TEXT PRIMARY KEY,
    "user" TEXT REFERENCES users (id),
    country BIGINT NOT NULL,
    organisation TEXT REFERENCES groups (id),
    last_user TEXT REFERENCES users (id),
    used_at BIGINT,
    rests_until BIGINT,
    withdrawn BIGINT NOT NULL
);
CREATE UNIQUE INDEX numbers_user ON numbers ("user") WHERE "user" IS NOT NULL;
CREATE INDEX numbers_free ON numbers (country, coalesce(rests_until, 0), number) WHERE "user" IS NULL AND organisation IS NULL AND withdrawn = 0;
CREATE INDEX numbers_last ON numbers (last_user);
CREATE INDEX numbers_used ON numbers (used_at);
CREATE INDEX numbers_organisation ON numbers (organisation);

CREATE TABLE threads (
    "user" TEXT NOT NULL REFERENCES users (id),
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY ("user", number)
);
CREATE INDEX threads_recent ON threads ("user", last_at, number);

CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL,
    "group" TEXT NOT NULL REFERENCES groups (id),
    group_name TEXT NOT NULL DEFAULT '',
    "user" TEXT,
    direction TEXT NOT NULL,
    number TEXT NOT NULL,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    segments BIGINT NOT NULL,
    status TEXT NOT NULL,
    struck TEXT NOT NULL,
    detail TEXT NOT NULL,
    hand_over TEXT NOT NULL,
    vendor TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    vendor_parts BIGINT,
    cost TEXT NOT NULL,
    tried TEXT NOT NULL,
    asked_at BIGINT,
    made_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX messages_log ON messages ("group", made_at, id);
-- What failed or was refused is few among many, and asked for the most; what goes well pays nothing for this.
CREATE INDEX messages_amiss ON messages ("group", status, made_at, id) WHERE status NOT IN ('QUEUED', 'SENT', 'DELIVERED', 'INCOMING');
CREATE INDEX messages_user ON messages ("user", made_at);
CREATE INDEX messages_thread ON messages ("user", number, made_at, id);
CREATE INDEX messages_number ON messages (number, made_at);
CREATE INDEX messages_vendor ON messages (vendor, vendor_id);

-- How far the words of a group's messages, or of an organisation's letters, are blanked already.
CREATE TABLE blanked (
    owner TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);

CREATE TABLE message_parts (
    message TEXT NOT NULL REFERENCES messages (id),
    number BIGINT NOT NULL,
    vendor TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (message, number)
);
CREATE INDEX message_parts_vendor ON message_parts (vendor, vendor_id);

CREATE TABLE quota_counters (
    subject TEXT NOT NULL,
    days BIGINT NOT NULL,
    used BIGINT NOT NULL,
    oldest BIGINT NOT NULL,
    head BIGINT NOT NULL,
    head_used BIGINT NOT NULL,
    tail TEXT NOT NULL,
    PRIMARY KEY (subject, days)
);

CREATE TABLE quota_buckets (
    subject TEXT NOT NULL,
    days BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (subject, days, bucket)
);

CREATE TABLE guards (
    identity TEXT PRIMARY KEY,
    passed_at BIGINT NOT NULL
);

CREATE TABLE letters (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    envelope_from TEXT NOT NULL,
    recipient TEXT NOT NULL,
    raw {bytes} NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX letters_made ON letters (organisation, made_at);

CREATE TABLE ignored_mails (
    "group" TEXT NOT NULL,
    sender TEXT NOT NULL,
    why TEXT NOT NULL,
    day BIGINT NOT NULL,
    mails BIGINT NOT NULL,
    detail TEXT NOT NULL,
    peer TEXT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY ("group", sender, why, day)
);
CREATE INDEX ignored_mails_day ON ignored_mails (day);

CREATE TABLE password_links (
    digest TEXT PRIMARY KEY,
    "user" TEXT NOT NULL REFERENCES users (id),
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX password_links_user ON password_links ("user");

-- Of a user, or of a customer user; so are sessions.
CREATE TABLE passwords (
    "user" TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    set_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    "user" TEXT NOT NULL,
    selector TEXT NOT NULL UNIQUE,
    "current" TEXT NOT NULL,
    "following" TEXT NOT NULL,
    "before" TEXT NOT NULL,
    salt TEXT NOT NULL,
    moved_at BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    keep BIGINT NOT NULL,
    label TEXT NOT NULL,
    origin TEXT NOT NULL,
    "end" TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions ("user");

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    "group" TEXT NOT NULL REFERENCES groups (id),
    "user" TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    old_digest TEXT NOT NULL,
    old_until BIGINT,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    ends_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_keys_old ON api_keys (old_digest);
CREATE INDEX api_keys_organisation ON api_keys (organisation);

CREATE TABLE api_answers (
    caller TEXT NOT NULL,
    request TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    answer TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (caller, request)
);
CREATE INDEX api_answers_age ON api_answers (caller, made_at);

-- Up to when somebody has spent what may be done once in a while. Subjects are digests.
CREATE TABLE paces (
    subject TEXT PRIMARY KEY,
    until BIGINT NOT NULL
);
CREATE INDEX paces_until ON paces (until);

CREATE TABLE branches (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    country_code BIGINT NOT NULL,
    site TEXT NOT NULL,
    components TEXT NOT NULL,
    service_components TEXT NOT NULL,
    opening TEXT
);

CREATE TABLE services (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    branch TEXT NOT NULL REFERENCES branches (id),
    name TEXT NOT NULL,
    length BIGINT NOT NULL,
    components TEXT NOT NULL,
    online BIGINT NOT NULL,
    needs_approval BIGINT NOT NULL,
    opens_before BIGINT NOT NULL,
    closes_after BIGINT NOT NULL,
    rules TEXT NOT NULL
);

CREATE TABLE providers (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    email TEXT NOT NULL,
    meeting_user TEXT NOT NULL,
    works TEXT,
    capacity BIGINT NOT NULL
);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    mobile TEXT NOT NULL,
    by_pin BIGINT NOT NULL
);

CREATE TABLE series (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    service TEXT NOT NULL REFERENCES services (id),
    provider TEXT NOT NULL REFERENCES providers (id),
    client TEXT NOT NULL REFERENCES clients (id),
    zone TEXT NOT NULL,
    starts BIGINT NOT NULL,
    recurrence TEXT NOT NULL
);

CREATE TABLE classes (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    branch TEXT NOT NULL REFERENCES branches (id),
    service TEXT NOT NULL REFERENCES services (id),
    provider TEXT NOT NULL REFERENCES providers (id),
    room TEXT REFERENCES providers (id),
    starts BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    zone TEXT NOT NULL,
    seats BIGINT NOT NULL,
    "before" BIGINT NOT NULL,
    "after" BIGINT NOT NULL,
    cancelled BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
CREATE INDEX classes_branch ON classes (branch, starts);

CREATE TABLE absences (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    provider TEXT NOT NULL REFERENCES providers (id),
    starts BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    reason TEXT NOT NULL,
    ended BIGINT NOT NULL
);

-- Written with what owns them: a booking, a class or an absence.
CREATE TABLE holds (
    owner TEXT NOT NULL,
    provider TEXT NOT NULL REFERENCES providers (id),
    starts BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    "whole" BIGINT NOT NULL,
    span TEXT NOT NULL, -- start and end once more, as hexadecimal digits: many are read at once
    PRIMARY KEY (owner, provider)
);
CREATE INDEX holds_taken ON holds (provider, ends, starts, "whole", span);
CREATE INDEX holds_length ON holds (provider, (ends - starts));

CREATE TABLE bookings (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    branch TEXT NOT NULL REFERENCES branches (id),
    service TEXT NOT NULL REFERENCES services (id),
    provider TEXT NOT NULL REFERENCES providers (id),
    client TEXT NOT NULL REFERENCES clients (id),
    starts BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    zone TEXT NOT NULL,
    state TEXT NOT NULL,
    cancelled_by TEXT,
    revision BIGINT NOT NULL,
    room TEXT REFERENCES providers (id),
    "before" BIGINT NOT NULL,
    "after" BIGINT NOT NULL,
    in_class TEXT REFERENCES classes (id),
    series TEXT REFERENCES series (id),
    reason TEXT NOT NULL,
    request_key TEXT NOT NULL
);
CREATE INDEX bookings_provider ON bookings (provider, starts);
CREATE INDEX bookings_in_class ON bookings (in_class) WHERE in_class IS NOT NULL;
CREATE INDEX bookings_series ON bookings (series) WHERE series IS NOT NULL;
CREATE UNIQUE INDEX bookings_request ON bookings (client, request_key) WHERE request_key <> '';

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    booking TEXT NOT NULL REFERENCES bookings (id),
    revision BIGINT NOT NULL,
    site TEXT NOT NULL,
    components TEXT NOT NULL,
    mobile TEXT NOT NULL,
    opens BIGINT NOT NULL,
    closes BIGINT NOT NULL,
    state TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    pin TEXT NOT NULL,
    UNIQUE (booking, revision, attempt)
);
CREATE INDEX keys_site ON keys (site, closes);

CREATE TABLE unlocks (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    branch TEXT NOT NULL REFERENCES branches (id),
    site TEXT NOT NULL,
    component TEXT NOT NULL,
    booking TEXT REFERENCES bookings (id),
    "by" TEXT NOT NULL,
    shown TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX unlocks_branch ON unlocks (branch, made_at);

CREATE TABLE meetings (
    id TEXT PRIMARY KEY,
    booking TEXT UNIQUE REFERENCES bookings (id),
    in_class TEXT UNIQUE REFERENCES classes (id),
    host TEXT NOT NULL,
    next_host TEXT NOT NULL,
    former TEXT NOT NULL,
    topic TEXT NOT NULL,
    zone TEXT NOT NULL,
    opens BIGINT NOT NULL,
    closes BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    vendor_id TEXT NOT NULL,
    join_url TEXT NOT NULL,
    made_opens BIGINT,
    made_closes BIGINT,
    detail TEXT NOT NULL
);
CREATE INDEX meetings_vendor ON meetings (vendor_id);
CREATE INDEX meetings_host ON meetings (host, closes);

CREATE TABLE registrants (
    id TEXT PRIMARY KEY,
    meeting TEXT NOT NULL REFERENCES meetings (id),
    booking TEXT NOT NULL UNIQUE REFERENCES bookings (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    at_meeting TEXT NOT NULL,
    for_opens BIGINT,
    vendor_id TEXT NOT NULL,
    join_url TEXT NOT NULL,
    "day" BIGINT NOT NULL,
    additions BIGINT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX registrants_meeting ON registrants (meeting);

-- Tokens as they are: this table is to be guarded like passwords.
CREATE TABLE meeting_connections (
    organisation TEXT PRIMARY KEY REFERENCES groups (id),
    state TEXT NOT NULL,
    account TEXT NOT NULL,
    "user" TEXT NOT NULL,
    email TEXT NOT NULL,
    shared BIGINT NOT NULL,
    removed_there BIGINT NOT NULL,
    since BIGINT NOT NULL,
    code TEXT NOT NULL,
    verifier TEXT NOT NULL,
    access TEXT NOT NULL,
    refresh TEXT NOT NULL,
    renewed_at BIGINT,
    ends BIGINT,
    detail TEXT NOT NULL
);
CREATE INDEX meeting_connections_account ON meeting_connections (account);

CREATE TABLE connect_attempts (
    digest TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    "by" TEXT NOT NULL,
    verifier TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX connect_attempts_organisation ON connect_attempts (organisation);
CREATE INDEX connect_attempts_expiry ON connect_attempts (expires_at);

-- Calls to a vendor that allows so many a day (UTC, days since 1970).
CREATE TABLE tallies (
    what TEXT PRIMARY KEY,
    "day" BIGINT NOT NULL,
    calls BIGINT NOT NULL
);

CREATE TABLE templates (
    organisation TEXT NOT NULL REFERENCES groups (id),
    occasion TEXT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (organisation, occasion, channel, language)
);

-- Of an organisation, or of a service.
CREATE TABLE notice_plans (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    language TEXT NOT NULL,
    calendar BIGINT NOT NULL,
    alarms TEXT NOT NULL,
    reminders TEXT NOT NULL,
    quiet TEXT NOT NULL
);

-- Of a client, or of a provider.
CREATE TABLE preferences (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    language TEXT NOT NULL,
    ways TEXT NOT NULL,
    reminders BIGINT NOT NULL,
    mobile TEXT NOT NULL
);

-- Secrets as they are, because pushes are signed with them: this table is to be guarded like passwords.
CREATE TABLE push_targets (
    owner TEXT PRIMARY KEY, -- a group or a user
    organisation TEXT NOT NULL REFERENCES groups (id),
    url TEXT NOT NULL,
    form TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT NOT NULL,
    old_until BIGINT,
    failures BIGINT NOT NULL,
    paused_until BIGINT,
    trouble TEXT NOT NULL,
    told_at BIGINT
);
CREATE INDEX push_targets_organisation ON push_targets (organisation);

-- Those that were not delivered yet.
CREATE TABLE push_events (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL,
    target TEXT NOT NULL,
    lane BIGINT NOT NULL,
    message TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    held BIGINT NOT NULL,
    trouble TEXT NOT NULL
);
CREATE INDEX push_events_lane ON push_events (target, lane, due_at);
CREATE INDEX push_events_message ON push_events (message, target, number);

CREATE TABLE customers (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL,
    technician TEXT REFERENCES users (id)
);

CREATE TABLE facilities (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    name TEXT NOT NULL
);

CREATE TABLE customer_users (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    email TEXT NOT NULL,
    facilities TEXT,
    unassigned BIGINT NOT NULL,
    rights TEXT NOT NULL,
    accepted_at BIGINT,
    removed BIGINT NOT NULL
);
CREATE UNIQUE INDEX customer_users_email ON customer_users (email) WHERE removed = 0;
CREATE INDEX customer_users_customer ON customer_users (customer);

CREATE TABLE invitations (
    digest TEXT PRIMARY KEY,
    "user" TEXT NOT NULL REFERENCES customer_users (id),
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX invitations_user ON invitations ("user");

CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    title TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    reference TEXT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX orders_organisation ON orders (organisation, made_at, id);
CREATE INDEX orders_customer ON orders (customer, made_at, id);

CREATE TABLE models (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    name TEXT NOT NULL
);

CREATE TABLE objects (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    model TEXT REFERENCES models (id),
    name TEXT NOT NULL,
    reference TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX objects_organisation ON objects (organisation, made_at);
CREATE INDEX objects_customer ON objects (customer, made_at);
CREATE INDEX objects_model ON objects (model) WHERE model IS NOT NULL;

CREATE TABLE faults (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    "object" TEXT REFERENCES objects (id),
    text TEXT NOT NULL,
    "by" TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX faults_organisation ON faults (organisation, made_at);
CREATE INDEX faults_customer ON faults (customer, made_at);

CREATE TABLE fault_views (
    report TEXT NOT NULL REFERENCES faults (id),
    reader TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (report, reader)
);

CREATE TABLE comments (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    "order" TEXT NOT NULL REFERENCES orders (id),
    answers TEXT REFERENCES comments (id),
    internal BIGINT NOT NULL,
    text TEXT NOT NULL,
    "by" TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX comments_organisation ON comments (organisation, made_at);
CREATE INDEX comments_customer ON comments (customer, made_at);
CREATE INDEX comments_order ON comments ("order", made_at);

-- On an order, an object or a model; on a model they are no customer's.
CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    about TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    reference TEXT NOT NULL,
    internal BIGINT NOT NULL,
    "by" TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX documents_organisation ON documents (organisation, made_at);
CREATE INDEX documents_customer ON documents (customer, made_at);
CREATE INDEX documents_about ON documents (about, made_at);

CREATE TABLE document_bytes (
    id TEXT PRIMARY KEY REFERENCES documents (id),
    content {bytes} NOT NULL
);

CREATE TABLE readings (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    "object" TEXT NOT NULL REFERENCES objects (id),
    operated BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    "by" TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX readings_organisation ON readings (organisation, made_at);
CREATE INDEX readings_customer ON readings (customer, made_at);
CREATE INDEX readings_object ON readings ("object", read_at);

CREATE TABLE inspections (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES groups (id),
    customer TEXT NOT NULL REFERENCES customers (id),
    facility TEXT REFERENCES facilities (id),
    about TEXT NOT NULL,
    title TEXT NOT NULL,
    points TEXT NOT NULL,
    "by" TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    folded TEXT NOT NULL DEFAULT ''
);
CREATE INDEX inspections_organisation ON inspections (organisation, made_at);
CREATE INDEX inspections_customer ON inspections (customer, made_at);
CREATE INDEX inspections_about ON inspections (about, made_at);

CREATE TABLE notice_choices (
    "user" TEXT PRIMARY KEY REFERENCES users (id),
    organisation TEXT NOT NULL REFERENCES groups (id),
    way TEXT NOT NULL,
    mobile TEXT NOT NULL,
    all_faults BIGINT NOT NULL
);
CREATE INDEX notice_choices_faults ON notice_choices (organisation) WHERE all_faults = 1;

CREATE TABLE told (
    about TEXT NOT NULL,
    "user" TEXT NOT NULL REFERENCES users (id),
    way TEXT NOT NULL,
    instead TEXT NOT NULL,
    at BIGINT NOT NULL,
    message TEXT REFERENCES messages (id),
    PRIMARY KEY (about, "user")
);
CREATE INDEX told_by_text ON told (message);

CREATE TABLE brands (
    organisation TEXT PRIMARY KEY REFERENCES groups (id),
    name TEXT NOT NULL UNIQUE,
    logo TEXT NOT NULL
);

-- Entries are chained by digest: a row that is changed or taken out breaks what follows.
CREATE TABLE activity (
    customer TEXT NOT NULL REFERENCES customers (id),
    number BIGINT NOT NULL,
    organisation TEXT NOT NULL REFERENCES groups (id),
    facility TEXT,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    detail TEXT NOT NULL,
    internal BIGINT NOT NULL,
    "before" TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (customer, number)
);
CREATE INDEX activity_who ON activity (customer, who, number);

CREATE TABLE activity_heads (
    customer TEXT PRIMARY KEY REFERENCES customers (id),
    number BIGINT NOT NULL,
    digest TEXT NOT NULL
);

CREATE TABLE effects (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    revision BIGINT NOT NULL,
    about TEXT NOT NULL,
    stage BIGINT NOT NULL,
    state TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    leased_until BIGINT,
    fence BIGINT NOT NULL,
    payload TEXT NOT NULL,
    trouble TEXT NOT NULL
);
CREATE INDEX effects_waiting ON effects (due_at, id) WHERE state IN ('due', 'leased');
CREATE INDEX effects_subject ON effects (subject, kind);
CREATE UNIQUE INDEX effects_one_due ON effects (subject, kind) WHERE state = 'due';
CREATE INDEX effects_about ON effects (about, stage) WHERE state IN ('due', 'leased', 'dead');
CREATE INDEX effects_state ON effects (organisation, state, id);

CREATE TABLE inbox (
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (source, event)
);

CREATE TABLE inbox_kept (
    source TEXT NOT NULL,
    about TEXT NOT NULL,
    text TEXT NOT NULL,
    kept_at BIGINT NOT NULL
);
CREATE INDEX inbox_kept_about ON inbox_kept (source, about);

CREATE TABLE billing_addresses (
    "group" TEXT PRIMARY KEY REFERENCES groups (id),
    organisation TEXT NOT NULL REFERENCES groups (id),
    address TEXT
);
CREATE INDEX billing_addresses_organisation ON billing_addresses (organisation);

CREATE TABLE sellers (
    seller TEXT NOT NULL,
    id TEXT PRIMARY KEY
);

CREATE TABLE prices (
    organisation TEXT NOT NULL,
    since TEXT NOT NULL,
    segment TEXT NOT NULL,
    receiver TEXT NOT NULL,
    currency TEXT NOT NULL,
    vat TEXT NOT NULL,
    PRIMARY KEY (organisation, since)
);

CREATE TABLE closings (
    organisation TEXT NOT NULL REFERENCES groups (id),
    month TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    PRIMARY KEY (organisation, month)
);

CREATE TABLE statements (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    organisation TEXT NOT NULL REFERENCES groups (id),
    payer TEXT NOT NULL REFERENCES groups (id),
    payer_name TEXT NOT NULL,
    address TEXT NOT NULL,
    month TEXT NOT NULL,
    zone TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,
    seller TEXT NOT NULL,
    currency TEXT NOT NULL,
    lines TEXT NOT NULL,
    sums TEXT NOT NULL,
    total TEXT NOT NULL
);
CREATE INDEX statements_payer ON statements (payer, number);
CREATE INDEX statements_organisation ON statements (organisation, month);
