//! Proof that money in is money out: every payment settled its order or is kept, every order that was paid has one
//! service, one refund, or the carrier's right; a held coupon has its unpaid order, and counts are their rows'. What a
//! voucher gave it gave once, and what was moved is where it went.

/// Each statement gives a sentence for every row that breaks one of them.
pub(super) const BROKEN: [&str; 10] = [
    "/* verify payments */ SELECT 'payment ' || p.key || ' settled order ' || p.order_id || ', which does not say so' \
     FROM payment p LEFT JOIN vas_order o ON o.id = p.order_id AND o.pay_type = p.pay_type \
     AND o.transaction_id = p.transaction_id AND o.state IN ('paid', 'refunded') \
     WHERE p.became = 'settled' AND o.id IS NULL LIMIT 100",
    "/* verify paid orders */ SELECT 'order ' || o.id || ' is ' || o.state || ', and no payment settled it' \
     FROM vas_order o LEFT JOIN payment p ON p.key = o.pay_type || '/' || o.transaction_id \
     AND p.order_id = o.id AND p.became = 'settled' \
     WHERE o.state IN ('paid', 'refunded') AND o.amount > o.discount AND p.key IS NULL LIMIT 100",
    "/* verify amounts */ SELECT 'order ' || o.id || ' was to be paid with ' || (o.amount - o.discount) || ' ' \
     || o.currency || ', and payment ' || p.key || ' is of ' || p.amount || ' ' || p.currency \
     FROM vas_order o JOIN payment p ON p.key = o.pay_type || '/' || o.transaction_id \
     WHERE p.amount IS NOT NULL AND (p.amount <> o.amount - o.discount OR p.currency <> o.currency) LIMIT 100",
    "/* verify given */ SELECT 'order ' || o.id || ' is paid, and its service ' || coalesce(o.service_id, 'is missing') \
     || ' is not the one it gave' FROM vas_order o LEFT JOIN service s ON s.id = o.service_id \
     AND s.source = 'order' AND s.source_id = o.id \
     WHERE o.state IN ('paid', 'refunded') AND coalesce(o.pay_type, '') <> 'sdp' AND s.id IS NULL LIMIT 100",
    "/* verify bought */ SELECT 'service ' || s.id || ' comes from order ' || s.source_id || ', which did not give it' \
     FROM service s LEFT JOIN vas_order o ON o.id = s.source_id AND o.service_id = s.id \
     AND (o.state = 'paid' OR (o.state = 'refunded' AND s.ended_at IS NOT NULL)) \
     WHERE s.source = 'order' AND o.id IS NULL LIMIT 100",
    "/* verify held coupons */ SELECT 'coupon ' || c.code || ' is ' || c.state || ' by order ' || c.order_id \
     || ', which says otherwise' FROM coupon c LEFT JOIN vas_order o ON o.id = c.order_id AND o.coupon = c.code \
     AND CASE c.state WHEN 'held' THEN o.state = 'unpaid' ELSE o.state IN ('paid', 'refunded') END \
     WHERE c.state <> 'unused' AND o.id IS NULL LIMIT 100",
    "/* verify coupons of orders */ SELECT 'order ' || o.id || ' is ' || o.state || ' with coupon ' || o.coupon \
     || ', which is not its' FROM vas_order o LEFT JOIN coupon c ON c.code = o.coupon AND c.order_id = o.id \
     AND c.account = o.account WHERE o.coupon IS NOT NULL AND o.state <> 'closed' AND c.code IS NULL LIMIT 100",
    "/* verify coupon counts */ SELECT 'coupon ' || coalesce(n.coupon_id, r.coupon_id) || ' was received ' \
     || coalesce(n.received, 0) || ' times by its count, and there are ' || coalesce(r.many, 0) \
     FROM coupon_count n FULL JOIN (SELECT coupon_id, count(*) AS many FROM coupon GROUP BY coupon_id) AS r \
     ON r.coupon_id = n.coupon_id WHERE coalesce(n.received, 0) <> coalesce(r.many, 0) LIMIT 100",
    "/* verify vouchers */ SELECT 'service ' || s.id || ' comes from a voucher that did not give it' \
     FROM service s LEFT JOIN code c ON c.key = s.source_id AND c.service_id = s.id AND c.state = 'used' \
     AND c.voucher IS NOT NULL WHERE s.source = 'voucher' AND c.key IS NULL LIMIT 100",
    "/* verify transfers */ SELECT 'service ' || t.service_id || ' was moved to ' || t.to_device || ', and is ' \
     || coalesce('on ' || s.device_id, 'missing') FROM transfer t LEFT JOIN service s ON s.id = t.service_id \
     WHERE t.id = (SELECT max(o.id) FROM transfer o WHERE o.service_id = t.service_id) \
     AND coalesce(s.device_id, '') <> t.to_device LIMIT 100",
];
