-- What lists count by, in order, so that counting reads no documents.

CREATE INDEX device_facets ON observed_device (site_id, class, impact, maker, id);
CREATE INDEX record_facets ON device_record (site_id, unit, state, clinical_owner, it_owner, device_id);
DROP INDEX device_by_class;
DROP INDEX record_by_unit;
