;; Lion, four elements at a time: the same operations in the same order as the graph of lion.ts, so that without clipping both
;; give the same bits.
;;
;; With g = clip · gradient and d = m - g: p = decay p - rate · sign(g + beta1 d) and m = g + beta2 d.
;; Places: m. Scalars: beta1, beta2, rate, decay.
(elem (i32.const 2) $lion)
(func (export "lion") (param $at i32) (param $end i32)
  (call $inStretches (local.get $at) (local.get $end) (i32.const 2)))
(func $lion (param $at i32) (param $end i32)
  (local $m i32) (local $g i32)
  (local $clip v128) (local $beta1 v128) (local $beta2 v128) (local $rate v128) (local $decay v128)
  (local $gradient v128) (local $difference v128) (local $direction v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $m (i32.add (local.get $at) (i32.load (global.get $places))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (local.set $beta1 (v128.load32_splat (global.get $scalars)))
  (local.set $beta2 (v128.load32_splat offset=4 (global.get $scalars)))
  (local.set $rate (v128.load32_splat offset=8 (global.get $scalars)))
  (local.set $decay (v128.load32_splat offset=12 (global.get $scalars)))
  (loop $next
    (local.set $gradient (f32x4.mul (v128.load (local.get $g)) (local.get $clip)))
    (local.set $difference (f32x4.sub (v128.load (local.get $m)) (local.get $gradient)))
    (local.set $direction
      (f32x4.add (local.get $gradient) (f32x4.mul (local.get $difference) (local.get $beta1))))
    (v128.store (local.get $m)
      (f32x4.add (local.get $gradient) (f32x4.mul (local.get $difference) (local.get $beta2))))
    ;; The rate with the direction's sign, or zero where it has none.
    (v128.store (local.get $at)
      (f32x4.sub
        (f32x4.mul (v128.load (local.get $at)) (local.get $decay))
        (v128.and
          (f32x4.ne (local.get $direction) (v128.const f32x4 0 0 0 0))
          (v128.xor
            (local.get $rate)
            (v128.and
              (local.get $direction)
              (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000))))))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $m (i32.add (local.get $m) (i32.const 16)))
    (local.set $g (i32.add (local.get $g) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))
