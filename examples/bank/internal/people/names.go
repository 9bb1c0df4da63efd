// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package people

import "math/rand/v2"

// demoUser is a person whom the demonstration calls by name.
type demoUser struct {
	login, name string
	level       int
	male        bool
}

// friendly returns what is fixed about person n, if anything is.
func friendly(n int) (demoUser, bool) {
	switch n {
	case 1:
		return demoUser{"zhangwei", "张伟", 3, true}, true
	case 2:
		return demoUser{"wangfang", "王芳", 3, false}, true
	case 7:
		return demoUser{"gaojian", "高健", 5, true}, true
	}
	return demoUser{}, false
}

func name(r *rand.Rand, male bool) string {
	given := givenNames(male)
	full := pick(r, familyNames()) + pick(r, given)
	if r.IntN(3) > 0 {
		full += pick(r, given)
	}
	return full
}

func familyNames() []string {
	return []string{
		"王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡",
		"郭", "何", "林", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭",
		"曾", "萧", "田", "董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "魏", "苏",
		"欧阳", "司马", "上官", "诸葛",
	}
}

func givenNames(male bool) []string {
	if male {
		return []string{
			"伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "鹏", "华",
			"飞", "鑫", "波", "斌", "宇", "浩", "凯", "健", "俊", "帆", "宁", "龙", "林", "峰", "志",
		}
	}
	return []string{
		"芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "燕", "玲", "桂", "丹", "萍", "红",
		"玉", "雪", "梅", "莉", "兰", "洁", "慧", "颖", "琳", "婷", "倩", "怡", "佳", "晶", "欣",
	}
}

// town is a place that does not exist, with a region code that is not assigned:
// a province prefix, prefecture 00, county 99.
type town struct{ region, name, short string }

func towns() []town {
	return []town{
		{"110099", "虚构市渡东区", "渡东"},
		{"310099", "虚构市渡西区", "渡西"},
		{"320099", "示例省柳岸市清波区", "清波"},
		{"330099", "示例省柳岸市石桥县", "石桥"},
		{"370099", "示例省望海市东堤区", "东堤"},
		{"420099", "样本省两江市江口区", "江口"},
		{"440099", "样本省南浦市白帆区", "白帆"},
		{"510099", "样本省云岭市竹溪县", "竹溪"},
		{"610099", "演示省古原市鼓楼东区", "古原"},
	}
}

func streets() []string {
	return []string{"渡口路", "摆渡巷", "长堤街", "灯塔路", "芦苇街", "船坞路", "望江大道", "缆绳胡同", "北岸路", "南岸路"}
}

func employers() []string {
	return []string{
		"虚构机械厂", "虚构纺织有限公司", "虚构软件有限公司", "虚构物流有限公司", "虚构第一中学",
		"虚构人民医院", "虚构农业合作社", "虚构建筑工程公司", "虚构百货商店", "虚构船务公司",
	}
}

func banks() []string {
	return []string{"虚构第一银行", "虚构商业银行", "示例农村信用社", "示例城市银行", "样本消费金融", "样本汽车金融"}
}
