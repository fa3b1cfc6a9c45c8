;; AdamW with moments of 8 bits, block by block of 256 weights: the same operations in the same order as the graph of
;; adamw-8-bit.ts and eight-bits.ts, so that without clipping both give the same bits.
;;
;; Places: codes of the first and of the second moment, a byte to a weight; scales of the first and of the second, a float32
;; to a block; then tables: what the first's and the second's codes stand for, the rows by which the first's and the second's
;; codes are found (dynamic-map.ts), and for each thread 2 KiB, in which a block's moments lie until their scale is known.
;; Scalars: beta1, beta2, rate, decay, epsilon. $at is that of a block's beginning, and so is $end.
(elem (i32.const 1) $adamw8bit)
(func (export "adamw8bit") (param $at i32) (param $end i32)
  (call $inStretches (local.get $at) (local.get $end) (i32.const 1)))
(func $adamw8bit (param $at i32) (param $end i32)
  (local $g i32) (local $stop i32) (local $moments i32) (local $m i32)
  (local $codes1 i32) (local $codes2 i32) (local $scales1 i32) (local $scales2 i32) (local $map1 i32) (local $map2 i32)
  (local $clip v128) (local $beta1 v128) (local $beta2 v128) (local $rate v128) (local $decay v128) (local $epsilon v128)
  (local $scale1 v128) (local $scale2 v128) (local $greatest1 v128) (local $greatest2 v128)
  (local $gradient v128) (local $first v128) (local $second v128)
  (local.set $g (i32.add (local.get $at) (i32.load (global.get $gradients))))
  (local.set $codes1 (i32.add (i32.shr_u (local.get $at) (i32.const 2)) (i32.load (global.get $places))))
  (local.set $codes2 (i32.add (i32.shr_u (local.get $at) (i32.const 2)) (i32.load offset=4 (global.get $places))))
  (local.set $scales1 (i32.add (i32.shr_u (local.get $at) (i32.const 8)) (i32.load offset=8 (global.get $places))))
  (local.set $scales2 (i32.add (i32.shr_u (local.get $at) (i32.const 8)) (i32.load offset=12 (global.get $places))))
  (local.set $map1 (i32.load offset=16 (global.get $places)))
  (local.set $map2 (i32.load offset=20 (global.get $places)))
  (local.set $moments
    (i32.load offset=32 (i32.add (global.get $places) (i32.shl (global.get $thread) (i32.const 2)))))
  (local.set $clip (v128.load32_splat (global.get $clip)))
  (local.set $beta1 (v128.load32_splat (global.get $scalars)))
  (local.set $beta2 (v128.load32_splat offset=4 (global.get $scalars)))
  (local.set $rate (v128.load32_splat offset=8 (global.get $scalars)))
  (local.set $decay (v128.load32_splat offset=12 (global.get $scalars)))
  (local.set $epsilon (v128.load32_splat offset=16 (global.get $scalars)))
  (loop $block
    (local.set $scale1 (v128.load32_splat (local.get $scales1)))
    (local.set $scale2 (v128.load32_splat (local.get $scales2)))
    (local.set $greatest1 (v128.const f32x4 0 0 0 0))
    (local.set $greatest2 (v128.const f32x4 0 0 0 0))
    (local.set $m (local.get $moments))
    (local.set $stop (i32.add (local.get $at) (i32.const 1024)))
    (loop $next
      (local.set $gradient (f32x4.mul (v128.load (local.get $g)) (local.get $clip)))
      (local.set $first
        (f32x4.add
          (f32x4.mul
            (f32x4.mul (call $numbers (local.get $codes1) (local.get $map1)) (local.get $scale1))
            (local.get $beta1))
          (local.get $gradient)))
      (local.set $second
        (f32x4.add
          (f32x4.mul
            (f32x4.mul (call $numbers (local.get $codes2) (local.get $map2)) (local.get $scale2))
            (local.get $beta2))
          (f32x4.mul (local.get $gradient) (local.get $gradient))))
      (v128.store (local.get $m) (local.get $first))
      (v128.store offset=1024 (local.get $m) (local.get $second))
      ;; Which leaves what is no number aside.
      (local.set $greatest1 (f32x4.pmax (local.get $greatest1) (f32x4.abs (local.get $first))))
      (local.set $greatest2 (f32x4.pmax (local.get $greatest2) (f32x4.abs (local.get $second))))
      (v128.store (local.get $at)
        (f32x4.sub
          (f32x4.mul (v128.load (local.get $at)) (local.get $decay))
          (f32x4.mul
            (f32x4.div (local.get $first) (f32x4.add (f32x4.sqrt (local.get $second)) (local.get $epsilon)))
            (local.get $rate))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $m (i32.add (local.get $m) (i32.const 16)))
      (local.set $g (i32.add (local.get $g) (i32.const 16)))
      (local.set $codes1 (i32.add (local.get $codes1) (i32.const 4)))
      (local.set $codes2 (i32.add (local.get $codes2) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $stop))))
    (call $quantise
      (local.get $moments) (i32.sub (local.get $codes1) (i32.const 256)) (local.get $scales1)
      (local.get $greatest1) (i32.load offset=24 (global.get $places)) (v128.const i32x4 127 127 127 127))
    (call $quantise
      (i32.add (local.get $moments) (i32.const 1024)) (i32.sub (local.get $codes2) (i32.const 256)) (local.get $scales2)
      (local.get $greatest2) (i32.load offset=28 (global.get $places)) (v128.const i32x4 0 0 0 0))
    (local.set $scales1 (i32.add (local.get $scales1) (i32.const 4)))
    (local.set $scales2 (i32.add (local.get $scales2) (i32.const 4)))
    (br_if $block (i32.lt_u (local.get $at) (local.get $end)))))

;; The numbers that four codes stand for.
(func $numbers (param $codes i32) (param $map i32) (result v128)
  (v128.load32_lane 3
    (i32.add (local.get $map) (i32.shl (i32.load8_u offset=3 (local.get $codes)) (i32.const 2)))
    (v128.load32_lane 2
      (i32.add (local.get $map) (i32.shl (i32.load8_u offset=2 (local.get $codes)) (i32.const 2)))
      (v128.load32_lane 1
        (i32.add (local.get $map) (i32.shl (i32.load8_u offset=1 (local.get $codes)) (i32.const 2)))
        (v128.load32_zero
          (i32.add (local.get $map) (i32.shl (i32.load8_u (local.get $codes)) (i32.const 2))))))))

;; A block's 256 numbers as codes, with its scale. $greatest: sizes, of which the greatest is the scale; $zero: the code of 0.
(func $quantise
  (param $numbers i32) (param $codes i32) (param $scaleAt i32) (param $greatest v128) (param $rows i32) (param $zero v128)
  (local $scale f32) (local $divisor v128) (local $end i32)
  (local.set $scale
    (f32.max
      (f32.max (f32x4.extract_lane 0 (local.get $greatest)) (f32x4.extract_lane 1 (local.get $greatest)))
      (f32.max (f32x4.extract_lane 2 (local.get $greatest)) (f32x4.extract_lane 3 (local.get $greatest)))))
  (f32.store (local.get $scaleAt) (local.get $scale))
  ;; A block of zeros is divided by this.
  (local.set $divisor (f32x4.splat (f32.max (local.get $scale) (f32.const 1e-37))))
  (local.set $end (i32.add (local.get $codes) (i32.const 256)))
  (loop $next
    ;; Narrowing leaves what is below 0 or above 255 there: no code is -1 of the signed map.
    (v128.store (local.get $codes)
      (i8x16.narrow_i16x8_u
        (i16x8.narrow_i32x4_s
          (call $codes (v128.load (local.get $numbers)) (local.get $divisor) (local.get $rows) (local.get $zero))
          (call $codes (v128.load offset=16 (local.get $numbers)) (local.get $divisor) (local.get $rows) (local.get $zero)))
        (i16x8.narrow_i32x4_s
          (call $codes (v128.load offset=32 (local.get $numbers)) (local.get $divisor) (local.get $rows) (local.get $zero))
          (call $codes (v128.load offset=48 (local.get $numbers)) (local.get $divisor) (local.get $rows) (local.get $zero)))))
    (local.set $numbers (i32.add (local.get $numbers) (i32.const 64)))
    (local.set $codes (i32.add (local.get $codes) (i32.const 16)))
    (br_if $next (i32.lt_u (local.get $codes) (local.get $end)))))

;; The codes of four numbers. The upper half of a size's bits names a row, and its lower half added to what stands there
;; carries over into the place beyond the middle of that row.
(func $codes (param $numbers v128) (param $divisor v128) (param $rows i32) (param $zero v128) (result v128)
  (local $share v128) (local $row v128) (local $sign v128)
  (local.set $share (f32x4.div (f32x4.abs (local.get $numbers)) (local.get $divisor)))
  ;; What is no number becomes zero.
  (local.set $share (v128.and (local.get $share) (f32x4.eq (local.get $share) (local.get $share))))
  (local.set $row
    (i32x4.shl
      (i32x4.max_s
        (i32x4.sub (i32x4.shr_u (local.get $share) (i32.const 16)) (v128.const i32x4 13184 13184 13184 13184))
        (v128.const i32x4 0 0 0 0))
      (i32.const 2)))
  (local.set $row
    (v128.load32_lane 3
      (i32.add (local.get $rows) (i32x4.extract_lane 3 (local.get $row)))
      (v128.load32_lane 2
        (i32.add (local.get $rows) (i32x4.extract_lane 2 (local.get $row)))
        (v128.load32_lane 1
          (i32.add (local.get $rows) (i32x4.extract_lane 1 (local.get $row)))
          (v128.load32_zero
            (i32.add (local.get $rows) (i32x4.extract_lane 0 (local.get $row))))))))
  (local.set $row
    (i32x4.shr_u
      (i32x4.add (local.get $row) (v128.and (local.get $share) (v128.const i32x4 65535 65535 65535 65535)))
      (i32.const 16)))
  (local.set $sign (f32x4.lt (local.get $numbers) (v128.const f32x4 0 0 0 0)))
  (i32x4.add
    (local.get $zero)
    (i32x4.sub (v128.xor (local.get $row) (local.get $sign)) (local.get $sign))))
