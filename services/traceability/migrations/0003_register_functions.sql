-- Registering, as functions: every stated act of every slice passes here, and a function's plans are made once a session.

-- The last link of each subject's chain, locked until the transaction ends; likewise shared locks on the signing keys.
CREATE FUNCTION traceability_lock_subjects(subjects text[], locks bigint[])
RETURNS TABLE (subject text, seq bigint, digest bytea, at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    each_lock bigint;
    each_subject text;
BEGIN
    FOREACH each_lock IN ARRAY locks LOOP
        PERFORM pg_advisory_xact_lock_shared(each_lock);
    END LOOP;
    FOREACH each_subject IN ARRAY subjects LOOP
        RETURN QUERY INSERT INTO traceability_subjects AS s (subject, seq, digest) VALUES (each_subject, 0, '')
            ON CONFLICT (subject) DO UPDATE SET seq = s.seq RETURNING s.subject, s.seq, s.digest, s.at;
    END LOOP;
END $$;

-- Queue registrations for the log, in this order. False when one may not be: the caller then rolls back.
CREATE FUNCTION traceability_register(
    digests bytea[], subjects text[], seqs bigint[], kinds text[], registrations bytea[], statement_digests bytea[],
    statements bytea[], organisations text[], times timestamptz[], kids bytea[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM traceability_log WHERE frozen IS NOT NULL) THEN
        RETURN false;
    END IF;
    FOR i IN 1 .. cardinality(digests) LOOP
        IF kids[i] IS NOT NULL AND NOT EXISTS (
            SELECT FROM traceability_keys AS k WHERE k.kid = kids[i] AND k.organisation_id = organisations[i]
                AND k.valid_from <= times[i] AND (k.revoked_at IS NULL OR k.revoked_at > times[i])
        ) THEN
            RETURN false;
        END IF;
        INSERT INTO traceability_registrations (digest, subject, seq, kind, registration, statement_digest, at)
            VALUES (digests[i], subjects[i], seqs[i], kinds[i], registrations[i], statement_digests[i], times[i])
            ON CONFLICT (statement_digest) DO NOTHING;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
        INSERT INTO traceability_statements (digest, organisation_id, statement, stated_at)
            VALUES (statement_digests[i], organisations[i], statements[i], times[i]);
        UPDATE traceability_subjects SET seq = seqs[i], digest = digests[i], at = times[i] WHERE subject = subjects[i];
    END LOOP;
    RETURN true;
END $$;
